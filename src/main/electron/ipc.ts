import type { IpcMain, IpcMainEvent, WebContents } from 'electron';
import type { ServerFrame } from '#shared/rpc/frames';
import type { Workbench } from '../create-services.ts';
import { callIn, frameBytes } from '../services/frame-bytes.ts';

const channelName = 'rpc';

/** Carries frames over Electron's IPC. Only our own top frame is listened to. */
export function connectIpc(
  ipcMain: Pick<IpcMain, 'on' | 'off'>,
  contents: Pick<WebContents, 'send' | 'isDestroyed' | 'mainFrame' | 'once'>,
  workbench: Pick<Workbench, 'dispatch' | 'events' | 'log'>,
): void {
  const send = (frame: ServerFrame) => {
    if (!contents.isDestroyed()) contents.send(channelName, frameBytes(frame, workbench.log).slice());
  };
  const receive = (event: IpcMainEvent, bytes: unknown) => {
    if (event.senderFrame === null || event.senderFrame !== contents.mainFrame) return;
    // The same rule as on a socket: what is no call is answered by nothing.
    const frame = bytes instanceof Uint8Array ? callIn(bytes) : null;
    if (frame) void workbench.dispatch(frame).then(send);
    else workbench.log.warn('the page has sent something that is no call');
  };
  ipcMain.on(channelName, receive);
  const unsubscribe = workbench.events.subscribe((name, payload, dataset) =>
    send({ kind: 'event', name, payload, ...(dataset === undefined ? {} : { dataset }) }),
  );
  contents.once('destroyed', () => {
    ipcMain.off(channelName, receive);
    unsubscribe();
  });
}
