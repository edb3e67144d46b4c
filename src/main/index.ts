// The desktop host's entry: hands Electron to the host, which knows what to do with it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as electron from 'electron';
import { createServices, openFirstDataset } from './create-services.ts';
import { runDesktop } from './electron/desktop-host.ts';
import { staticFile } from './services/assets/static-files.ts';
import { trainerProgram } from './services/jobs/trainer-program.ts';
import { userDataFolder } from './user-data.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const { app } = electron;

void runDesktop({
  electron,
  platform: process.platform,
  argv: process.argv,
  createWorkbench: (chooseFolder) => {
    const workbench = createServices({
      userData: userDataFolder(),
      trainer: { entry: path.join(here, 'trainer.js'), program: trainerProgram(app.isPackaged ? process.resourcesPath : undefined) },
      assistantEntry: path.join(here, 'assistant.js'),
      workerEntry: path.join(here, 'mask-worker.js'),
      host: { host: 'desktop', version: app.getVersion(), platform: process.platform, nativeDialogs: true },
      chooseFolder,
    });
    // What nobody expected is logged; the workbench goes on with what it has.
    process.on('unhandledRejection', (error) => workbench.log.fatal({ err: error }, 'an error that nobody handled'));
    process.on('uncaughtException', (error) => workbench.log.fatal({ err: error }, 'an error that nobody caught'));
    return workbench;
  },
  openFirst: openFirstDataset,
  preload: path.join(here, '../preload/index.cjs'),
  staticFile: (pathname) => staticFile(path.join(here, '../renderer'), pathname),
});
