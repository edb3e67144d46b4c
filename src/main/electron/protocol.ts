import type { Protocol } from 'electron';
import type { Workbench } from '../create-services.ts';

export const scheme = 'workbench';
/** The page's address inside the desktop host. */
export const pageUrl = `${scheme}://app/index.html`;

/** Must run before the application is ready. */
export function registerScheme(protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }]);
}

/** Serves the renderer and the assets under `workbench://app/`. @param staticFile gives a file of the built renderer, or null */
export function serveProtocol(
  protocol: Pick<Protocol, 'handle'>,
  workbench: Pick<Workbench, 'assets'>,
  staticFile: (pathname: string) => Promise<Response | null>,
): void {
  protocol.handle(scheme, async (request) => {
    const url = new URL(request.url);
    if (url.host !== 'app') return new Response('There is nothing here.', { status: 404 });
    if (url.pathname.startsWith('/asset/')) return workbench.assets.handle(request);
    return (await staticFile(url.pathname)) ?? new Response('There is nothing here.', { status: 404 });
  });
}
