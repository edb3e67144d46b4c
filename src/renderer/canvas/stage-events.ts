import { PointerMachine, type PointerFacts, type PointerMeanings } from '../editor/pointer-machine.ts';
import type { ScreenPoint } from '../editor/units.ts';
import { WheelMachine, type WheelMeanings, type WheelMode } from '../editor/wheel-machine.ts';

/** What pointers and wheels mean on a view, in screen pixels of its element. */
export interface StageEvents extends PointerMeanings, WheelMeanings {
  doubleClick(at: ScreenPoint): void;
  /** Whether the main button moves the picture. */
  panHeld(): boolean;
  wheelMode(): WheelMode;
}

const buttonOf = (event: PointerEvent): number => (event.type === 'pointermove' ? -1 : event.button);

/** Listens to a view's element. @returns ends it */
export function listenTo(element: HTMLElement, events: StageEvents): () => void {
  const pointers = new PointerMachine(events, () => events.panHeld());
  const wheels = new WheelMachine(events, () => events.wheelMode());
  const listening = new AbortController();
  const at = (event: MouseEvent): ScreenPoint => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const factsOf = (event: PointerEvent, of: PointerEvent = event): PointerFacts => ({
    id: event.pointerId,
    type: event.pointerType as PointerFacts['type'],
    at: at(of),
    button: buttonOf(event),
    buttons: event.buttons,
    shift: event.shiftKey,
    ctrl: event.ctrlKey || event.metaKey,
    alt: event.altKey,
    pressure: of.pressure,
    time: event.timeStamp,
  });
  const on = <K extends keyof HTMLElementEventMap>(
    name: K,
    work: (event: HTMLElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ) => element.addEventListener(name, work, { ...options, signal: listening.signal });
  on('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId);
    pointers.down(factsOf(event));
  });
  on('pointermove', (event) => {
    // Events that the browser merged into one are all part of the stroke.
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length > 0 ? all : [event]) pointers.move(factsOf(event, each));
  });
  on('pointerup', (event) => pointers.up(factsOf(event)));
  on('pointercancel', (event) => pointers.cancel(factsOf(event)));
  // Comes after every press, and where one is taken away.
  on('lostpointercapture', (event) => pointers.cancel(factsOf(event)));
  on('pointerleave', (event) => pointers.leave(factsOf(event)));
  on('dblclick', (event) => events.doubleClick(at(event)));
  on('contextmenu', (event) => event.preventDefault());
  on(
    'wheel',
    (event) => {
      event.preventDefault();
      wheels.turn({
        at: at(event),
        dx: event.deltaX,
        dy: event.deltaY,
        inLines: event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL,
        ctrl: event.ctrlKey || event.metaKey,
        alt: event.altKey,
        shift: event.shiftKey,
        time: event.timeStamp,
      });
    },
    { passive: false },
  );
  return () => listening.abort();
}
