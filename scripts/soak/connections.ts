// Clients of every bad kind beside a tab in which somebody paints: nothing dies, the tab keeps its pace, and the memory comes back.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright';
import type { PageSecrets } from '../../src/shared/rpc/page-secrets.ts';
import { chromiumArguments, findChromium } from '../../test/helpers/chromium.ts';
import { strokeTimes } from '../../test/e2e/stroke-times.ts';
import { root, startWorkbench, type RunningWorkbench } from '../../test/helpers/workbench.ts';
import { misbehaviours, type ConnectionsReport, type Victim } from './bad-clients.ts';
import { HostClient } from './host-client.ts';

const moves = 40;

const percentile = (times: readonly number[]): number => {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round(10 * (sorted[Math.floor(0.95 * sorted.length)] ?? Infinity)) / 10;
};

const residentMb = ({ process: { pid } }: RunningWorkbench): number =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024);

/** What the host holds once all that is free was given back: what its allocator keeps for the next time does not count. */
async function liveMb({ process: host }: RunningWorkbench, probe: string): Promise<number> {
  rmSync(probe, { force: true });
  host.kill('SIGUSR2');
  while (!existsSync(probe) || readFileSync(probe, 'utf8') === '') await pause(50);
  return Number(readFileSync(probe, 'utf8'));
}

/** One stretch of painting and asking. */
async function paintFor(seconds: number, page: Page, client: HostClient, look: () => void) {
  const [pixels, answers] = [[] as number[], [] as number[]];
  let strokes = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    pixels.push(...(await strokeTimes(page, moves)));
    strokes++;
    for (let n = 0; n < 10; n++) {
      const begin = performance.now();
      await client.call('edits.unsaved');
      answers.push(performance.now() - begin);
      await pause(10);
    }
    look();
  }
  return { pixels: percentile(pixels), answers: percentile(answers), strokes };
}

async function openTab(page: Page, host: RunningWorkbench): Promise<Victim> {
  await page.goto(host.url);
  await page.getByRole('navigation', { name: 'Places' }).getByRole('button', { name: 'Annotate', exact: true }).click();
  await page.getByRole('application', { name: 'Canvas' }).waitFor();
  const secrets = JSON.parse((await page.evaluate(() => localStorage.getItem('encnet-secrets')))!) as PageSecrets;
  const picture = (await page.locator('img').first().getAttribute('src'))!;
  return { port: Number(new URL(host.url).port), secrets, picture: picture.replace('/thumb/', '/image/'), dataset: picture.split('/')[2] };
}

/** @param seconds for all kinds together, in each round */
export async function connectionsSoak(seconds: number, rounds: number, onKind: (kind: string) => void): Promise<ConnectionsReport> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'encnet-soak-'));
  cpSync(path.join(root, 'resources/sample'), path.join(folder, 'data'), { recursive: true });
  const probe = path.join(folder, 'memory');
  const preload = pathToFileURL(path.join(import.meta.dirname, 'memory-probe.mjs')).href;
  const env = { NODE_OPTIONS: `--import ${preload}`, ENCNET_MEMORY_PROBE: probe };
  const host = await startWorkbench({ userData: path.join(folder, 'user'), data: path.join(folder, 'data'), env });
  let deaths = 0;
  host.process.on('exit', () => deaths++);
  const browser = await chromium.launch({ executablePath: await findChromium(), args: chromiumArguments });
  const report: ConnectionsReport = {
    deaths: 0,
    pointerToPixel: {},
    answer: {},
    painted: 0,
    saved: 0,
    memoryMb: { before: 0, peak: 0, after: 0, by: {} },
    liveMb: { before: 0, after: 0 },
  };
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
    const victim = await openTab(page, host);
    const client = await HostClient.enter(host.url, victim.secrets);
    const look = () => (report.memoryMb.peak = Math.max(report.memoryMb.peak, residentMb(host)));
    const kinds = Object.keys(misbehaviours);
    const each = seconds / (kinds.length + 1);
    const stretch = async (kind: string) => {
      onKind(kind);
      const { pixels, answers, strokes } = await paintFor(each, page, client, look);
      report.pointerToPixel[kind] = pixels;
      report.answer[kind] = answers;
      report.memoryMb.by[kind] = residentMb(host);
      report.painted += strokes;
    };
    await stretch('alone');
    report.memoryMb.before = residentMb(host);
    report.liveMb.before = await liveMb(host, probe);
    for (const kind of Array.from({ length: rounds }, () => kinds).flat()) {
      const entry = path.join(import.meta.dirname, 'bad-clients-child.ts');
      const bad = spawn(process.execPath, [entry, JSON.stringify(victim), kind, String(each)], { stdio: ['ignore', 'ignore', 'inherit'] });
      const ended = new Promise((resolve) => bad.on('close', resolve));
      await stretch(kind);
      await ended;
    }
    await stretch('afterwards');
    await page
      .getByRole('button', { name: 'Save' })
      .click()
      .catch(() => undefined);
    await pause(15_000);
    report.memoryMb.after = residentMb(host);
    report.liveMb.after = await liveMb(host, probe);
    report.saved = (await client.call<{ unsaved: number }[]>('edits.unsaved')).length === 0 ? report.painted : 0;
    client.close();
    report.deaths = deaths;
    return report;
  } finally {
    await browser.close();
    await host.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
