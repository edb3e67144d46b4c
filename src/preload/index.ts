// One bridge: frames out, frames in, and the path of what is dropped. It knows nothing of what they mean.
import { contextBridge, ipcRenderer, webUtils } from 'electron';

contextBridge.exposeInMainWorld('workbench', {
  // A page of its own knows no paths; only the file that a person drops tells one.
  pathOf: (file: File) => webUtils.getPathForFile(file),
  post: (frame: unknown) => ipcRenderer.send('rpc', frame),
  onMessage: (listener: (frame: unknown) => void) => {
    ipcRenderer.on('rpc', (_event, frame: unknown) => listener(frame));
  },
});
