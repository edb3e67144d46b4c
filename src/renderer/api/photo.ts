import { AppError, messageOf } from '#shared/errors';

/** What the host says of a photo that a picture cannot show: the picture itself is told nothing. */
async function whyNot(address: string): Promise<string> {
  try {
    const answer = await fetch(address);
    return answer.ok ? 'the window cannot read what is in it' : await answer.text();
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Loads the photo at an address.
 * @param signal gives it up: nothing is told then
 * @throws AppError 'corrupt-file' with what the host says of it
 */
export async function loadPhoto(address: string, signal: AbortSignal): Promise<HTMLImageElement> {
  const image = new Image();
  const isShown = await new Promise<boolean>((resolve) => {
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = address;
  });
  signal.throwIfAborted();
  if (isShown) return image;
  const reason = await whyNot(address);
  signal.throwIfAborted();
  throw new AppError('corrupt-file', `The photo cannot be shown: ${reason}`);
}
