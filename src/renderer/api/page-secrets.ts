// The browser host's secrets, as its page keeps them: in the storage of its own origin, which no other port of this machine can read, where
// a cookie would be sent to all of them.
import type { PageSecrets } from '#shared/rpc/page-secrets';

const storageKey = 'encnet-secrets';

/** @returns what an earlier page of this origin was given; null if that cannot be used */
function stored(): PageSecrets | null {
  try {
    const { session, assets } = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<PageSecrets>;
    return session && assets ? { session, assets } : null;
  } catch {
    // Not ours, or no storage: the address that the workbench prints gives new ones.
    return null;
  }
}

/**
 * The secrets of the start that this page belongs to.
 * @throws Error with what a person has to do if the page has none
 */
export async function pageSecrets(): Promise<PageSecrets> {
  const ticket = location.hash.slice(1);
  if (ticket) {
    const answer = await fetch('/session', { method: 'POST', body: ticket });
    // It is good for one exchange, and leaves the address bar with it.
    history.replaceState(null, '', location.pathname);
    if (answer.ok) {
      const secrets = (await answer.json()) as PageSecrets;
      localStorage.setItem(storageKey, JSON.stringify(secrets));
      return secrets;
    }
  }
  const known = stored();
  if (known) return known;
  throw new Error(
    ticket
      ? 'This address was used before, and is good once. Settings in an open window give another, and so does what the workbench printed.'
      : 'Open the address that the workbench printed when it started. It is good once: Settings in an open window give another.',
  );
}
