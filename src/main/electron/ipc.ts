import type { IpcMain, WebContents } from 'electron';
import type { CallFrame, ServerFrame } from '#shared/rpc/frames';
import type { Workbench } from '../create-services.ts';

export const channelName = 'rpc';

/** Carries frames over Electron's IPC. Only our own top frame is listened to. */
export function connectIpc(
  ipcMain: Pick<IpcMain, 'on'>,
  contents: Pick<WebContents, 'send' | 'isDestroyed' | 'mainFrame' | 'once'>,
  workbench: Pick<Workbench, 'dispatch' | 'events'>,
): void {
  const send = (frame: ServerFrame) => {
    if (!contents.isDestroyed()) contents.send(channelName, frame);
  };
  ipcMain.on(channelName, (event, frame: CallFrame) => {
    if (event.senderFrame === null || event.senderFrame !== contents.mainFrame) return;
    void workbench.dispatch(frame).then(send);
  });
  const unsubscribe = workbench.events.subscribe((name, payload) => send({ kind: 'event', name, payload }));
  contents.once('destroyed', unsubscribe);
}
