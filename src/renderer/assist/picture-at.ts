/** A photo, decoded; whoever asks for it closes it. @throws Error if it cannot be had or read */
export async function pictureAt(address: string): Promise<ImageBitmap> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the photo could not be read (${answer.status})`);
  return createImageBitmap(await answer.blob());
}
