import os from 'node:os';
import path from 'node:path';

/** The user's data folder of the browser host and the command line (ENCNET_USER_DATA overrides it). */
export function userDataFolder(): string {
  if (process.env.ENCNET_USER_DATA) return path.resolve(process.env.ENCNET_USER_DATA);
  const home = os.homedir();
  if (process.platform === 'darwin') return path.join(home, 'Library/Application Support/encnet-workbench');
  if (process.platform === 'win32') return path.join(process.env.APPDATA ?? home, 'encnet-workbench');
  return path.join(process.env.XDG_DATA_HOME ?? path.join(home, '.local/share'), 'encnet-workbench');
}
