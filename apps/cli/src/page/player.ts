/** The script of an episode's page. */
import { filmScreen } from '@natgrad/envs';

/**
 * The script as text: it runs where the page is read. It sets attributes from numbers and text from text, and evaluates nothing. What
 * draws is the function that other pages of this project call; its own text is put here.
 */
export const PLAYER: string = `'use strict';
(() => {
  const find = (name) => document.getElementById(name);
  const data = JSON.parse(find('episode').textContent);
  const last = data.frames.length - 1;
  const placings = { l: 'line', a: 'area', s: 'shift' };

  // What is written short: no order where it is that of the frame before, and tenths as whole numbers.
  const frames = [];
  for (const [order, ...rest] of data.frames) {
    const moved = [];
    for (let i = 0; i < rest.length; i += 2) moved.push([rest[i], rest[i + 1].map((x) => x / 10)]);
    frames.push({ shown: order === 0 ? frames[frames.length - 1].shown : order, moved });
  }
  const draw = (${filmScreen.toString()})(document, {
    placing: [...data.placing].map((letter) => placings[letter]),
    frames,
  });

  const short = (x) => {
    const size = Math.abs(x);
    const digits = Number.isInteger(x) || size >= 1000 ? 0 : size >= 10 ? 1 : 2;
    return x.toFixed(digits).replace('-', '\\u2212');
  };
  const scrubber = find('scrubber');
  const button = find('play');
  const speed = find('speed');
  const traces = find('traces');
  const values = [...document.querySelectorAll('[data-trace]')];
  let at = 0;
  const show = (t) => {
    at = Math.min(last, Math.max(0, t));
    const step = Math.floor(at);
    draw(step);
    scrubber.value = String(step);
    scrubber.setAttribute('aria-valuetext', 'step ' + step + ' of ' + last + ', return ' + short(data.traces[0][step]));
    find('step').textContent = step + ' / ' + last;
    find('clock').textContent = (step * data.stepSeconds).toFixed(data.stepSeconds < 0.1 ? 2 : 1) + ' s';
    traces.style.setProperty('--at', String(last === 0 ? 0 : step / last));
    values.forEach((node, i) => {
      const value = data.traces[i][step];
      node.textContent = value === undefined ? '\\u2013' : short(value);
    });
  };

  let playing = false;
  let before = 0;
  const tick = (now) => {
    if (!playing) return;
    show(at + (Math.min(0.25, (now - before) / 1000) * Number(speed.value)) / data.stepSeconds);
    before = now;
    if (at >= last) play(false);
    else requestAnimationFrame(tick);
  };
  const play = (on) => {
    if (on && !playing) {
      if (at >= last) show(0);
      before = performance.now();
      requestAnimationFrame(tick);
    }
    playing = on;
    button.textContent = on ? '\\u275a\\u275a' : '\\u25b6\\ufe0e';
    button.setAttribute('aria-label', on ? 'pause' : 'play');
  };
  const jump = (t) => {
    play(false);
    show(t);
  };

  button.addEventListener('click', () => play(!playing));
  scrubber.addEventListener('input', () => jump(Number(scrubber.value)));
  const along = (event) => {
    const box = find('lines').getBoundingClientRect();
    jump(Math.round(((event.clientX - box.left) / box.width) * last));
  };
  traces.addEventListener('pointerdown', (event) => {
    traces.setPointerCapture(event.pointerId);
    along(event);
  });
  traces.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) along(event);
  });
  const keys = {
    ' ': () => play(!playing),
    ArrowLeft: (event) => jump(Math.floor(at) - (event.shiftKey ? 10 : 1)),
    ArrowRight: (event) => jump(Math.floor(at) + (event.shiftKey ? 10 : 1)),
    Home: () => jump(0),
    End: () => jump(last),
  };
  document.addEventListener('keydown', (event) => {
    const own = event.target === speed || (event.target === button && event.key === ' ');
    const act = Object.hasOwn(keys, event.key) && !event.ctrlKey && !event.metaKey && !event.altKey ? keys[event.key] : null;
    if (act === null || own) return;
    event.preventDefault();
    act(event);
  });
  show(0);
  play(last > 0 && !matchMedia('(prefers-reduced-motion: reduce)').matches);
})();
`;
