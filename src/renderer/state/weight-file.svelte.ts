import type { FolderListing } from '#shared/contract/datasets';
import { messageOf } from '#shared/errors';
import { withSettings } from '#shared/training/presets';
import type { RunConfig } from '#shared/training/run-config';
import type { WeightFit } from '#shared/training/weight-fit';
import { foldersIn } from './dataset-choice.ts';
import type { Session } from './session.svelte.ts';

const remembered = 'weightFolder';

/** A weight file being chosen: where one looks for it, and how far it fits the recipe. */
export class WeightFileChoice {
  listing = $state.raw<FolderListing | null>(null);
  /** The file that is looked at; empty for none. */
  file = $state('');
  looking = $state(false);
  fit = $state.raw<WeightFit | null>(null);
  error = $state('');
  private readonly session: Session;
  private readonly config: () => RunConfig | null;
  /** Grows with every look: what an earlier one finds is for nobody. */
  private turn = 0;
  private listTurn = 0;

  /** @param config the recipe that it is to fit */
  constructor(session: Session, config: () => RunConfig | null) {
    [this.session, this.config] = [session, config];
  }

  /** Begins where a file was chosen last. */
  async begin(): Promise<void> {
    this.turn++;
    [this.file, this.fit, this.error, this.looking] = ['', null, '', false];
    const last = this.session.remembered<string | null>(remembered, null);
    await this.list(last);
    // Gone meanwhile: home is listed instead.
    if (!this.listing && last !== null) await this.list(null);
  }

  async list(folder: string | null): Promise<void> {
    const turn = ++this.listTurn;
    try {
      const listing = await foldersIn(this.session, folder);
      if (turn !== this.listTurn) return;
      this.listing = listing;
      this.session.remember(remembered, listing.path);
    } catch (error) {
      if (turn === this.listTurn) this.error = messageOf(error);
    }
  }

  async look(file: string): Promise<void> {
    const config = this.config();
    if (!config) return;
    const turn = ++this.turn;
    [this.file, this.fit, this.error, this.looking] = [file, null, '', true];
    try {
      const fit = await this.session.client.training.lookAtWeights({ file, config });
      if (turn === this.turn) [this.fit, this.file] = [fit, fit.file];
    } catch (error) {
      if (turn === this.turn) this.error = messageOf(error);
    } finally {
      if (turn === this.turn) this.looking = false;
    }
  }

  /** Nobody waits for a look any more. */
  end(): void {
    if (!this.looking) return;
    this.turn++;
    this.looking = false;
    void this.session.attempt(() => this.session.client.training.cancelLook());
  }

  /** The recipe with the settings that make more of the file fit; null where there are none. */
  get remedied(): RunConfig | null {
    const [config, remedy] = [this.config(), this.fit?.remedy];
    if (!config || !remedy) return null;
    return withSettings(config, remedy.settings);
  }
}
