// One bridge: frames out, frames in. It knows nothing of what they mean.
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('workbench', {
  post: (frame: unknown) => ipcRenderer.send('rpc', frame),
  onMessage: (listener: (frame: unknown) => void) => {
    ipcRenderer.on('rpc', (_event, frame: unknown) => listener(frame));
  },
});
