import type { Protocol } from 'electron';
import type { Workbench } from '../create-services.ts';
import { secureHeaders } from '../services/assets/static-files.ts';

export const scheme = 'workbench';
/** The page's address inside the desktop host. */
export const pageUrl = `${scheme}://app/index.html`;

/** Must run before the application is ready. */
export function registerScheme(protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }]);
}

const nothing = (): Response => new Response('There is nothing here.', { status: 404, headers: secureHeaders });

/** Serves the renderer and the assets under `workbench://app/`. @param staticFile gives a file of the built renderer, or null */
export function serveProtocol(
  protocol: Pick<Protocol, 'handle'>,
  workbench: Pick<Workbench, 'assets'>,
  staticFile: (pathname: string) => Promise<Response | null>,
): void {
  protocol.handle(scheme, async (request) => {
    const url = new URL(request.url);
    if (url.host !== 'app') return nothing();
    const reply = url.pathname.startsWith('/asset/') ? await workbench.assets.handle(request) : await staticFile(url.pathname);
    if (!reply) return nothing();
    for (const [name, value] of Object.entries(secureHeaders)) reply.headers.set(name, value);
    return reply;
  });
}
