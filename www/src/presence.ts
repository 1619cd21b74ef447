// Whether somebody is there: whoever has touched something will soon want more than the first picture.

const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'input'];

/** Calls once somebody has moved, pressed or typed something. */
export function onPresence(then: () => void): void {
  const hear = () => {
    for (const sign of SIGNS) removeEventListener(sign, hear, true);
    then();
  };
  for (const sign of SIGNS) addEventListener(sign, hear, { passive: true, capture: true });
}
