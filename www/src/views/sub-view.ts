// What the parts of the Compiled tab have in common.

/** One part of the tab: it works only while it is to be seen. */
export interface SubView {
  readonly name: string;
  readonly title: string;
  readonly panel: HTMLElement;
  show(): void;
  hide(): void;
}

/** Questions of which only the newest answer counts: one under way, and the newest of those that came meanwhile. */
export class Newest {
  private asking = false;
  /** Tells the one who waits whether it is their turn, or another has come. */
  private wanted: ((turn: boolean) => void) | null = null;

  /** The answer; nothing if another question has overtaken this one, or nobody answers. */
  async of<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    if (this.asking) {
      this.wanted?.(false);
      const turn = await new Promise<boolean>((resolve) => (this.wanted = resolve));
      if (!turn) return undefined;
    }
    this.asking = true;
    try {
      return await ask();
    } catch {
      return undefined;
    } finally {
      this.asking = false;
      const next = this.wanted;
      this.wanted = null;
      next?.(true);
    }
  }
}
