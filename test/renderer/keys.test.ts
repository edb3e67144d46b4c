// What keys mean while annotating, on keyboards of several languages, and where they are left alone.
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { handleKey, releaseKey, type KeyActions } from '../../src/renderer/features/annotate/keys.ts';
import { chordsOf, isWay } from '../../src/renderer/state/chords.ts';
import { commandIds, commands, commandsByChord, keysOf, toolOf, withChord, type KeyChoices } from '../../src/renderer/state/commands.ts';
import { classKeys } from '../../src/renderer/state/class-keys.ts';
import { toolNames } from '../../src/renderer/editor/tools/tool.ts';

/** What has the focus when a key is pressed. */
type Focus = 'canvas' | 'field' | 'slider' | 'button' | 'summary' | 'radio' | 'menu';

let calls: string[];
let actions: KeyActions;
let choices: KeyChoices;
let onCanvas: boolean;
let led: boolean;
let toolTakes: boolean;
let dialogOpen: boolean;

afterAll(() => void vi.unstubAllGlobals());

beforeEach(() => {
  dialogOpen = false;
  vi.stubGlobal('document', { querySelector: () => (dialogOpen ? {} : null) });
  calls = [];
  choices = {};
  onCanvas = false;
  led = false;
  toolTakes = false;
  const told = (name: string) => (value: string | number | boolean) => void calls.push(`${name} ${value}`);
  actions = {
    commandOf: (chord) => commandsByChord(choices).get(chord) ?? null,
    run: (command) => calls.push(command),
    classOfKey: (key) => (classKeys.includes(key) ? classKeys.indexOf(key) : null),
    pickClass: told('class'),
    cancel: () => Boolean(calls.push('cancel')),
    toolKey: () => toolTakes,
    space: told('space'),
    hold: (command, held) => calls.push(`${command} ${held}`),
    pointerOnCanvas: () => onCanvas,
    ledByKeys: () => led,
  };
});

type Pressed = Partial<Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'repeat'>> & {
  altGraph?: boolean;
};

function eventOf({ altGraph = false, ...pressed }: Pressed, focus: Focus = 'canvas') {
  const selectors: Record<Focus, RegExp> = {
    canvas: /^body, main, \[role=application\]$/,
    menu: /^$/,
    field: /^input:not/,
    slider: /^input\[type=range\]$|button, input/,
    button: /^button, input/,
    summary: /, summary, /,
    radio: /^\[role=radio\]$|button, input/,
  };
  const target = {
    matches: (selector: string) => selectors[focus].test(selector),
    closest: () => (focus === 'menu' ? {} : null),
    blur: () => calls.push('blur'),
  };
  const held = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, repeat: false };
  const getModifierState = (name: string) => name === 'AltGraph' && altGraph;
  return { key: '', code: '', ...held, target, getModifierState, ...pressed } as unknown as KeyboardEvent;
}

/** @returns whether the page keeps the key from the browser */
function press(pressed: Pressed | string, focus?: Focus): boolean {
  const event = eventOf(typeof pressed === 'string' ? { key: pressed } : pressed, focus);
  const preventDefault = vi.fn();
  handleKey(Object.assign(event, { preventDefault }), actions);
  return preventDefault.mock.calls.length > 0;
}

describe('on the canvas', () => {
  test('every command is run by each of its keys', () => {
    for (const id of commandIds)
      for (const chord of commands[id].keys) {
        calls = [];
        const parts = chord.split(/\+(?=.)/);
        const key = parts.at(-1)!;
        const held = { ctrlKey: parts.includes('Ctrl'), shiftKey: parts.includes('Shift') };
        expect([chord, press({ key: /^[A-Z]$/.test(key) ? key.toLowerCase() : key, ...held })]).toEqual([chord, true]);
        expect(calls).toEqual([id === 'tool.eraser' || id === 'view.compare' ? `${id} true` : id]);
      }
  });

  test('no two commands, nor a command and a class, have one key', () => {
    const all = commandIds.flatMap((id) => [...commands[id].keys]);
    expect(new Set([...all, ...classKeys]).size).toBe(all.length + classKeys.length);
  });

  test('every tool has a command', () => {
    expect(commandIds.flatMap((id) => toolOf(id) ?? []).toSorted()).toEqual([...toolNames].toSorted());
  });

  test('the tool in hand comes first: Enter closes its polygon', () => {
    toolTakes = true;
    expect(press('Enter')).toBe(true);
    expect(press('Backspace')).toBe(true);
    expect(calls).toEqual([]);
  });

  test('Enter that a finger rests on is one press: it takes and runs nothing more', () => {
    const toolKey = vi.spyOn(actions, 'toolKey').mockReturnValue(true);
    press('Enter');
    for (let n = 0; n < 3; n++) expect(press({ key: 'Enter', repeat: true })).toBe(true);
    expect(toolKey).toHaveBeenCalledTimes(1);
    // Tab goes on as often as it repeats.
    press({ key: 'Tab', repeat: true });
    expect(toolKey).toHaveBeenCalledTimes(2);
  });

  test('the eraser’s key erases for as long as it is held, however often it repeats', () => {
    press('e');
    press({ key: 'e', repeat: true });
    releaseKey(eventOf({ key: 'e' }), actions);
    expect(calls).toEqual(['tool.eraser true', 'tool.eraser false']);
  });

  test.each([
    ['Shift', { key: 'E', code: 'KeyE', shiftKey: true }],
    ['Ctrl', { key: 'e', code: 'KeyE', ctrlKey: true }],
    ['Alt', { key: 'e', code: 'KeyE', altKey: true }],
    ['AltGr', { key: '€', code: 'KeyE', ctrlKey: true, altKey: true, altGraph: true }],
  ])('the eraser ends with its key, also where %s is held by then', (_, released) => {
    press({ key: 'e', code: 'KeyE' });
    releaseKey(eventOf(released), actions);
    expect(calls).toEqual(['tool.eraser true', 'tool.eraser false']);
  });

  test('Cmd, let go, ends what was held: macOS tells of no other key meanwhile', () => {
    press({ key: 'e', code: 'KeyE' });
    releaseKey(eventOf({ key: 'Meta', code: 'MetaLeft' }), actions);
    expect(calls.slice(0, 2)).toEqual(['tool.eraser true', 'tool.eraser false']);
  });

  test('a key that was chosen with a modifier ends also after that is let go', () => {
    choices = withChord({}, 'view.compare', 'Shift+Y').choices;
    press({ key: 'Y', code: 'KeyY', shiftKey: true });
    releaseKey(eventOf({ key: 'y', code: 'KeyY' }), actions);
    expect(calls).toEqual(['view.compare true', 'view.compare false']);
  });

  test('a key that was chosen with Alt ends before that is let go, and after', () => {
    choices = withChord({}, 'tool.eraser', 'Alt+E').choices;
    for (const altKey of [true, false]) {
      press({ key: 'e', code: 'KeyE', altKey: true });
      releaseKey(eventOf({ key: 'e', code: 'KeyE', altKey }), actions);
    }
    expect(calls).toEqual(['tool.eraser true', 'tool.eraser false', 'tool.eraser true', 'tool.eraser false']);
  });

  test('an earlier mask is shown for as long as its key is held', () => {
    press('y');
    press({ key: 'y', repeat: true });
    releaseKey(eventOf({ key: 'y' }), actions);
    expect(calls).toEqual(['view.compare true', 'view.compare false']);
  });

  test('what means nothing here is the browser’s', () => {
    for (const key of ['F5', 'F12', 'Tab', 'Home', 'Enter', 'j']) expect(press(key), key).toBe(false);
    for (const key of ['r', 'c', 'v', 't', 'w', 'b']) expect(press({ key, ctrlKey: true }), key).toBe(false);
    expect(calls).toEqual([]);
  });

  test('Alt alone is kept from the menu of a window, on the canvas', () => {
    expect([press({ key: 'Alt', altKey: true }), press({ key: 'Alt', altKey: true }, 'field')]).toEqual([true, false]);
    const preventDefault = vi.fn();
    releaseKey(Object.assign(eventOf({ key: 'Alt' }), { preventDefault }), actions);
    expect([preventDefault.mock.calls.length, calls]).toEqual([1, []]);
  });

  test('Tab is the tool’s where a button has the focus that was clicked, which goes then', () => {
    toolTakes = true;
    expect(press('Tab', 'button')).toBe(true);
    expect(calls).toEqual(['blur']);
    toolTakes = false;
    expect(press('Tab', 'button')).toBe(false);
  });

  test('Tab is the tool’s on the canvas, and goes on from anything else that keys have led to', () => {
    led = true;
    toolTakes = true;
    expect([press('Tab'), press('Tab', 'button'), press('Tab', 'summary')]).toEqual([true, false, false]);
  });

  test('a key that is held does once what is turned on and off, and goes on with sizes, images and steps', () => {
    press('m');
    for (let n = 0; n < 5; n++) expect(press({ key: 'm', repeat: true })).toBe(true);
    expect(calls).toEqual(['work.done']);
    calls = [];
    for (const key of ['[', 'd']) for (const repeat of [false, true]) press({ key, repeat });
    for (const repeat of [false, true]) press({ key: 'z', ctrlKey: true, repeat });
    expect(calls).toEqual(['brush.smaller', 'brush.smaller', 'image.next', 'image.next', 'mask.undo', 'mask.undo']);
  });

  test('Alt is a menu’s, whatever comes with it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 1 }), (key) => {
        expect(press({ key, altKey: true })).toBe(false);
      }),
    );
    expect(calls).toEqual([]);
  });
});

describe('keyboards of other languages', () => {
  test.each<[string, Pressed, string]>([
    ['Cyrillic и lies where B does', { key: 'и', code: 'KeyB' }, 'tool.brush'],
    ['Cyrillic with Shift', { key: 'К', code: 'KeyR', shiftKey: true }, 'tool.ellipse'],
    ['Cyrillic with Ctrl', { key: 'я', code: 'KeyZ', ctrlKey: true }, 'mask.undo'],
    ['German AltGr+8 gives [', { key: '[', code: 'Digit8', ctrlKey: true, altKey: true, altGraph: true }, 'brush.smaller'],
    ['German ü lies where [ does', { key: 'ü', code: 'BracketLeft' }, 'brush.smaller'],
    ['German + lies where ] does', { key: '+', code: 'BracketRight' }, 'brush.larger'],
    ['German z is a z wherever it lies', { key: 'z', code: 'KeyY', ctrlKey: true }, 'mask.undo'],
    ['German ? is Shift+ß', { key: '?', code: 'Minus', shiftKey: true }, 'help.keys'],
    ['AZERTY & lies where 1 does', { key: '&', code: 'Digit1' }, 'class 0'],
    ['AZERTY 1 is Shift+&', { key: '1', code: 'Digit1', shiftKey: true }, 'class 0'],
    ['AZERTY a is an a wherever it lies', { key: 'a', code: 'KeyQ' }, 'image.previous'],
    ['a dead key counts by its place', { key: 'Dead', code: 'Backquote' }, 'class.none'],
    ['the number pad has digits', { key: '4', code: 'Numpad4' }, 'class 3'],
    ['Caps Lock is no Shift', { key: 'B', code: 'KeyB' }, 'tool.brush'],
  ])('%s', (_, pressed, told) => {
    press(pressed);
    expect(calls).toEqual([told]);
  });

  test('a modifier alone is no chord', () => {
    for (const key of ['Shift', 'Control', 'AltGraph', 'Meta']) expect(chordsOf(eventOf({ key, shiftKey: true }))).toEqual([]);
  });
});

describe('keys that a person has chosen', () => {
  test('do what they were given to, and nothing else any more', () => {
    const { choices: chosen, taken } = withChord({}, 'tool.polygon', 'Ctrl+Shift+P');
    expect(taken).toBeNull();
    choices = chosen;
    press('p');
    expect(calls).toEqual([]);
    press({ key: 'P', ctrlKey: true, shiftKey: true });
    expect(calls).toEqual(['tool.polygon']);
  });

  test('a key that another command had is told, and that one keeps its others', () => {
    const { choices: chosen, taken } = withChord({}, 'tool.fill', 'D');
    expect([taken, keysOf('image.next', chosen), keysOf('tool.fill', chosen)]).toEqual(['image.next', ['ArrowRight'], ['D']]);
  });

  test('any choices leave every chord one command', () => {
    const choice = fc.tuple(fc.constantFrom(...commandIds), fc.constantFrom('A', 'B', 'Ctrl+B', '[', 'Shift+ArrowLeft'));
    fc.assert(
      fc.property(fc.array(choice, { maxLength: 12 }), (list) => {
        const chosen = list.reduce<KeyChoices>((before, [id, chord]) => withChord(before, id, chord).choices, {});
        const chords = commandIds.flatMap((id) => [...keysOf(id, chosen)]);
        expect(new Set(chords).size).toBe(chords.length);
        expect(list.length === 0 || keysOf(list.at(-1)![0], chosen)[0] === list.at(-1)![1]).toBe(true);
      }),
    );
  });
});

describe('elsewhere', () => {
  test('what is typed into a field, a menu or an open dialog is left alone, whatever has the focus behind that', () => {
    for (const focus of ['field', 'menu', 'canvas'] as const) {
      dialogOpen = focus === 'canvas';
      for (const key of ['b', 'z', '1', ' ', 'Escape', 'ArrowLeft']) expect(press(key, focus), key).toBe(false);
      expect(press({ key: 'z', ctrlKey: true }, focus)).toBe(false);
    }
    expect(calls).toEqual([]);
  });

  test('a slider keeps its arrows, a list of classes too, and the other keys are ours', () => {
    for (const focus of ['slider', 'radio'] as const) {
      expect(press('ArrowLeft', focus)).toBe(false);
      expect(press('b', focus)).toBe(true);
    }
    expect(calls).toEqual(['tool.brush', 'tool.brush']);
  });

  test('Space and Enter press the button in focus, unless the hand is at the canvas', () => {
    toolTakes = true;
    for (const focus of ['button', 'summary'] as const) expect([press(' ', focus), press('Enter', focus)]).toEqual([false, false]);
    expect(calls).toEqual([]);
    toolTakes = false;
    onCanvas = true;
    expect(press(' ', 'button')).toBe(true);
    expect(calls).toEqual(['space true']);
    expect(press('b', 'button')).toBe(true);
  });

  test('a button that keys have led to is pressed wherever the pointer rests', () => {
    onCanvas = true;
    toolTakes = true;
    led = true;
    expect([press(' ', 'button'), press('Enter', 'button')]).toEqual([false, false]);
    expect(calls).toEqual([]);
  });

  test('keys by which one goes about without a pointer are no command’s', () => {
    const ways = ['Tab', 'Shift+Tab', 'Enter', 'Space', 'Shift+Space', 'Ctrl+K', 'Ctrl+1', 'Ctrl+5'];
    expect(ways.filter((chord) => !isWay(chord))).toEqual([]);
    expect(['B', 'Shift+B', 'Ctrl+6', 'Ctrl+Z', 'F2', 'Ctrl+Enter', 'ArrowLeft', 'K', '1'].filter(isWay)).toEqual([]);
    // Nor are they where they were chosen before; and a key that was chosen is nobody else's.
    expect(keysOf('tool.fill', { 'tool.fill': ['F8', 'J'] })).toEqual(['J']);
    const older = { 'brush.smaller': ['Shift+ArrowLeft'] };
    expect([keysOf('view.left', older), commandsByChord(older).get('Shift+ArrowLeft')]).toEqual([[], 'brush.smaller']);
    // Of the usual ones none is one of these, but what is done while a hand is at the canvas.
    expect(commandIds.filter((id) => commands[id].keys.some(isWay))).toEqual([]);
  });
});
