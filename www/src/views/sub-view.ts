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
  private wanted: (() => void) | null = null;

  /** The answer; nothing if another question has overtaken this one, or nobody answers. */
  async of<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    if (this.asking) {
      // Who waited before need not wait any more.
      this.wanted?.();
      const mine = await new Promise<boolean>((resolve) => {
        const go = () => resolve(true);
        this.wanted = Object.assign(() => resolve(false), { go });
      });
      if (!mine) return undefined;
    }
    this.asking = true;
    try {
      return await ask();
    } catch {
      return undefined;
    } finally {
      this.asking = false;
      const next = this.wanted as { go?: () => void } | null;
      this.wanted = null;
      next?.go?.();
    }
  }
}
