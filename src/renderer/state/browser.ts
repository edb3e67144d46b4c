// What the page asks of the browser around it.

/** Asks, once, whether the end of a run may be told by the desktop. Only after a click: browsers refuse it otherwise. */
export function askToNotify(): void {
  if ('Notification' in window && Notification.permission === 'default') void Notification.requestPermission();
}

/** Tells something by the desktop, if the person has allowed it and looks elsewhere. */
export function notify(title: string, body: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
  new Notification(title, { body, tag: 'training' });
}

/** Hands a text over as a file to save. */
export function saveText(name: string, text: string, type = 'application/json'): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
