import { AppError, messageOf } from '#shared/errors';

/** What the host says of a photo that a picture cannot show: the picture itself is told nothing. */
async function whyNot(address: string, signal: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(address, { signal });
    if (!answer.ok) return await answer.text();
    await answer.body?.cancel();
    return 'the window cannot read what is in it';
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Loads the photo at an address.
 * @param signal gives it up: what was on its way is not fetched to its end
 * @throws AppError 'corrupt-file' with what the host says of it; the signal's reason if that gave it up
 */
export async function loadPhoto(address: string, signal: AbortSignal): Promise<HTMLImageElement> {
  const image = new Image();
  let give: () => void = () => undefined;
  const isShown = await new Promise<boolean>((resolve) => {
    give = () => {
      image.src = '';
      resolve(false);
    };
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    signal.addEventListener('abort', give);
    image.src = address;
  });
  // What is shown by then stays what it is.
  signal.removeEventListener('abort', give);
  signal.throwIfAborted();
  if (isShown) return image;
  const reason = await whyNot(address, signal);
  signal.throwIfAborted();
  throw new AppError('corrupt-file', `The photo cannot be shown: ${reason}`);
}
