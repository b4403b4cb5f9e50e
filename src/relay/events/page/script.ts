/**
 * The page's own script. Everything was reckoned before: it shows the moment that the slider is at, in the ladder, the chart, the table, the
 * counters and the timeline. Text is only ever set as text.
 */
export const PAGE_SCRIPT = `'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const data = JSON.parse(byId('data').textContent);
  const last = data.moments.length - 1;
  const slider = byId('slider');
  const chosenLane = byId('lane');
  const marked = all('[data-m]');
  const cells = all('[data-cell]');
  let now = last;

  // The moment up to which a lane's state is that of the given one; -1: it had none yet.
  const stateMoment = (lane, moment) => {
    let i = moment;
    while (i >= 0 && (data.moments[i].lane !== lane || data.moments[i].state < 0)) i--;
    return i;
  };
  const stateAt = (lane, moment) => {
    const i = stateMoment(lane, moment);
    return i < 0 ? null : data.states[data.moments[i].state];
  };
  // The lane that was chosen, or else the one that something last happened to.
  const laneAt = (moment) => {
    if (chosenLane && chosenLane.value !== '') return Number(chosenLane.value);
    let i = moment;
    while (i > 0 && data.moments[i].lane === null) i--;
    return data.moments[i] && data.moments[i].lane !== null ? data.moments[i].lane : 0;
  };

  const showState = (lane) => {
    const at = stateMoment(lane, now);
    const state = stateAt(lane, now);
    const before = at > 0 ? stateAt(lane, at - 1) : null;
    const isNews = at === now;
    const phase = state ? state.phase : 'new';
    const way = (before ? before.phase : 'new') + '-' + phase;
    for (const box of all('[data-phase]')) box.classList.toggle('lit', box.getAttribute('data-phase') === phase);
    for (const edge of all('[data-edge]')) edge.classList.toggle('lit', isNews && edge.getAttribute('data-edge') === way);
    cells.forEach((cell, i) => {
      const text = state ? state.cells[i] : '-';
      cell.classList.toggle('changed', isNews && before !== null && before.cells[i] !== text);
      cell.textContent = text;
    });
  };

  const showCounters = (lane) => {
    const { at } = data.moments[now];
    const x = 1000 * (at - data.start) / Math.max(1, data.end - data.start);
    for (const cursor of all('[data-cursor]')) cursor.setAttribute('transform', 'translate(' + x + ' 0)');
    for (const box of all('[data-lane]')) box.hidden = Number(box.getAttribute('data-lane')) !== lane;
    for (const place of all('[data-count]')) {
      const [of, side, counter] = place.getAttribute('data-count').split(' ');
      const series = data.series[Number(of)];
      const behind = series.times.findIndex((time) => time > at);
      const i = behind < 0 ? series.times.length - 1 : behind - 1;
      place.textContent = i < 0 ? '0' : String(series.counts[side][counter][i]);
    }
  };

  // What the last exchange up to now has handed on, where the call has descriptions at all.
  const showDescription = () => {
    const place = byId('description');
    if (!place) return;
    let i = now;
    while (i >= 0 && data.moments[i].description < 0) i--;
    byId('described').textContent = i < 0 ? 'none yet' : data.moments[i].time + '  ' + data.moments[i].text;
    place.textContent = i < 0 ? '' : data.descriptions[data.moments[i].description];
  };

  // Brings what is lit into the middle of its box, and leaves the page itself where it is.
  const scrollTo = (box, middle) => {
    box.scrollTop = middle - box.clientHeight / 2;
  };

  const show = (moment) => {
    now = Math.min(last, Math.max(0, moment));
    if (last < 0) return;
    const { at, time, text } = data.moments[now];
    slider.value = String(now);
    byId('time').textContent = time;
    byId('since').textContent = '+' + ((at - data.start) / 1000).toFixed(3) + ' s';
    byId('what').textContent = text;
    let lit = null;
    for (const mark of marked) {
      const number = Number(mark.getAttribute('data-m'));
      mark.classList.toggle('now', number === now);
      mark.classList.toggle('later', number > now);
      if (number <= now && mark.tagName === 'LI') lit = mark;
    }
    const lane = laneAt(now);
    showState(lane);
    showCounters(lane);
    showDescription();
    const ladder = byId('ladder');
    const scale = ladder.clientWidth / Number(ladder.getAttribute('data-width'));
    scrollTo(byId('ladder-box'), data.heights[now] * scale);
    if (lit) scrollTo(byId('timeline'), lit.offsetTop);
  };

  slider.addEventListener('input', () => show(Number(slider.value)));
  byId('back').addEventListener('click', () => show(now - 1));
  byId('on').addEventListener('click', () => show(now + 1));
  if (chosenLane) chosenLane.addEventListener('change', () => show(now));
  document.addEventListener('keydown', (event) => {
    if (event.target === slider || event.target === chosenLane) return; // They know the keys themselves.
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const goal = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (goal === undefined) return;
    event.preventDefault();
    show(goal);
  });
  document.addEventListener('click', (event) => {
    const mark = event.target.closest('[data-m]');
    if (mark) show(Number(mark.getAttribute('data-m')));
  });
  show(last);
})();
`;
