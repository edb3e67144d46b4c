/**
 * Marks pictures of a page that cannot be shown, as long as they cannot: base.css shows a sign in their place, where a browser
 * has one of its own or nothing. For the page's whole life.
 */
export function markUnreadablePictures(page: Document): void {
  const mark = (isUnreadable: boolean) => (event: Event) => {
    if (event.target instanceof HTMLImageElement) event.target.classList.toggle('unreadable', isUnreadable);
  };
  // Neither event rises from a picture: they are heard on their way down.
  page.addEventListener('error', mark(true), true);
  page.addEventListener('load', mark(false), true);
}
