// What keys mean while annotating, and where they are left alone.
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { handleKey, type KeyActions } from '../../src/renderer/features/annotate/keys.ts';

/** What has the focus when a key is pressed. */
interface Focus {
  matches: string[];
  inDialog?: boolean;
}
const canvas: Focus = { matches: [] };
const field: Focus = { matches: ['input:not([type=range]), select, textarea'] };
const slider: Focus = { matches: ['input[type=range]'] };
const button: Focus = { matches: ['button'] };

let calls: string[];
let actions: KeyActions;
let onCanvas: boolean;
let toolTakes: boolean;

beforeEach(() => {
  calls = [];
  onCanvas = false;
  toolTakes = false;
  const told = (name: string) => (value?: string | number | boolean) => void calls.push(value === undefined ? name : `${name} ${value}`);
  actions = {
    tool: told('tool'),
    pickClass: told('class'),
    classOfKey: (key) => (key === '1' ? 0 : null),
    findClass: told('find'),
    resizeBrush: (factor) => told('brush')(factor > 1 ? 'larger' : 'smaller'),
    undo: told('undo'),
    redo: told('redo'),
    save: told('save'),
    fit: told('fit'),
    zoom: (factor) => told('zoom')(factor > 1 ? 'in' : 'out'),
    toggleMask: told('mask'),
    step: told('step'),
    cancel: () => {
      calls.push('cancel');
      return true;
    },
    toolKey: () => toolTakes,
    space: told('space'),
    pointerOnCanvas: () => onCanvas,
  };
});

/** @returns whether the page keeps the key from the browser */
function press(
  key: string,
  focus: Focus = canvas,
  modifiers: Partial<Pick<KeyboardEvent, 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>> = {},
) {
  const preventDefault = vi.fn();
  const target = {
    matches: (selector: string) => focus.matches.includes(selector),
    closest: (selector: string) => (selector === 'dialog[open]' && focus.inDialog ? {} : null),
  };
  handleKey(
    {
      key,
      target,
      preventDefault,
      ctrlKey: false,
      metaKey: false,
      shiftKey: false,
      altKey: false,
      ...modifiers,
    } as unknown as KeyboardEvent,
    actions,
  );
  return preventDefault.mock.calls.length > 0;
}

describe('on the canvas', () => {
  test.each([
    ['b', 'tool brush'],
    ['B', 'tool brush'],
    ['e', 'tool eraser'],
    ['p', 'tool polygon'],
    ['f', 'tool fill'],
    ['1', 'class 0'],
    ['/', 'find'],
    ['[', 'brush smaller'],
    [']', 'brush larger'],
    ['h', 'mask'],
    ['H', 'mask'],
    ['a', 'step -1'],
    ['ArrowLeft', 'step -1'],
    ['d', 'step 1'],
    ['ArrowRight', 'step 1'],
    ['Escape', 'cancel'],
    [' ', 'space true'],
  ])('%j is "%s"', (key, told) => {
    expect(press(key)).toBe(true);
    expect(calls).toEqual([told]);
  });

  test.each([
    ['z', {}, 'undo'],
    ['Z', { shiftKey: true }, 'redo'],
    ['y', {}, 'redo'],
    ['s', {}, 'save'],
    ['0', {}, 'fit'],
    ['+', {}, 'zoom in'],
    ['=', {}, 'zoom in'],
    ['-', {}, 'zoom out'],
  ])('with Control or Command %j is "%s"', (key, modifiers, told) => {
    for (const control of [{ ctrlKey: true }, { metaKey: true }]) {
      calls = [];
      expect(press(key, canvas, { ...modifiers, ...control })).toBe(true);
      expect(calls).toEqual([told]);
    }
  });

  test('the tool in hand comes first: Enter closes its polygon', () => {
    toolTakes = true;
    expect(press('Enter')).toBe(true);
    expect(press('b')).toBe(true);
    expect(calls).toEqual([]);
  });

  test('what means nothing here is the browser’s', () => {
    for (const key of ['F5', 'F12', 'Tab', 'Home', 'q', 'Enter']) expect(press(key), key).toBe(false);
    for (const key of ['r', 'c', 'v', 't', 'w', 'b']) expect(press(key, canvas, { ctrlKey: true }), key).toBe(false);
    expect(calls).toEqual([]);
  });

  test('Alt is a menu’s, whatever comes with it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 1 }), (key) => {
        expect(press(key, canvas, { altKey: true })).toBe(false);
      }),
    );
    expect(calls).toEqual([]);
  });
});

describe('elsewhere', () => {
  test('what is typed into a field or a dialog is left alone', () => {
    for (const focus of [field, { matches: [], inDialog: true }]) {
      for (const key of ['b', 'z', '1', ' ', 'Escape', 'ArrowLeft']) expect(press(key, focus), key).toBe(false);
      expect(press('z', focus, { ctrlKey: true })).toBe(false);
    }
    expect(calls).toEqual([]);
  });

  test('a slider keeps its arrows, and the other keys are ours', () => {
    expect(press('ArrowLeft', slider)).toBe(false);
    expect(press('b', slider)).toBe(true);
    expect(calls).toEqual(['tool brush']);
  });

  test('Space and Enter press the button in focus, unless the hand is at the canvas', () => {
    expect(press(' ', button)).toBe(false);
    expect(press('Enter', button)).toBe(false);
    expect(calls).toEqual([]);
    onCanvas = true;
    expect(press(' ', button)).toBe(true);
    expect(calls).toEqual(['space true']);
    expect(press('b', button)).toBe(true);
  });
});
