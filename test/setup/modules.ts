// Set-up is plain JavaScript, which runs before anything is installed: its types, for its tests.
export interface Pinned {
  name: string;
  version: string;
  file: string;
  size: number;
  sha256: string;
}

interface Stat {
  uid: number;
  mode: number;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
  write: (text: string) => void;
}

export interface SetupModules {
  pins: {
    pinnedWheels: (platform: string, device: 'cpu' | 'gpu') => Pinned[] | null;
    pinnedArchive: (platform: string, device: 'cpu' | 'gpu') => Omit<Pinned, 'name' | 'version'> | null;
    pinsKey: (files: readonly { sha256: string }[]) => string;
    assertPinned: (file: string, pin: { size: number | null; sha256: string }) => Promise<void>;
    lockFile: string;
  };
  cacheOwner: {
    assertOwnCache: (folder: string, options: { below?: string[]; uid?: number; stat?: (file: string) => Stat | undefined }) => void;
  };
  archive: {
    downloadArchive: (archive: { file: string; size: number | null; sha256: string }, folder: string, base: string) => Promise<string>;
  };
  progress: { Progress: new (name: string, total: number | null, stream: Stream) => { update: (bytes: number) => void; end: () => void } };
  place: { place: (packageFolder: string, staged: string) => void; isPlaced: (packageFolder: string, staged: string) => boolean };
  appWindow: { findBrowser: (options: { platform: string; env: Record<string, string | undefined> }) => string | null };
  electronTries: {
    failedLately: (file: string, now?: number) => string | null;
    noteFailed: (file: string, reason: string, now?: number) => void;
  };
  hostEnvironment: { hostEnvironment: (base: NodeJS.ProcessEnv, platform: NodeJS.Platform) => NodeJS.ProcessEnv };
  privatePage: { privatePage: (address: string) => { file: string; url: string; remove: () => void } };
}

const files: Record<keyof SetupModules, string> = {
  pins: 'setup/pins',
  cacheOwner: 'setup/cache-owner',
  archive: 'setup/archive',
  progress: 'setup/progress',
  place: 'setup/place',
  appWindow: 'start/app-window',
  electronTries: 'start/electron-tries',
  hostEnvironment: 'start/host-environment',
  privatePage: 'start/private-page',
};

export const load = async <Name extends keyof SetupModules>(name: Name): Promise<SetupModules[Name]> =>
  (await import(/* @vite-ignore */ new URL(`../../scripts/${files[name]}.mjs`, import.meta.url).href)) as SetupModules[Name];
