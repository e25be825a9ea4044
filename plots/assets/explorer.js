/* SPDX-License-Identifier: GPL-3.0-or-later */
// What if? The fitted costs of each runner, asked for settings that need not have been measured: the same formula as
// results/models/whatif.c, which `breakeven report --predict` prints.
"use strict";
(() => {
    const models = JSON.parse(document.getElementById("explorer-models").textContent);
    const root = document.getElementById("explorer"), at = name => document.getElementById(`explorer-${name}`);
    if (!models.length) return;
    at("body").hidden = false;
    at("none").hidden = true;

    // ---- the model
    const [REGION, DILATION, CHUNK, BYTE, SPREAD, SERIAL] = [0, 1, 2, 3, 4, 5], NEAR = 1.05;
    const timed = axis => axis === "task_ns" || axis === "work_ns";
    function share(s) { // what the busiest worker runs: chunks, and tasks in them
        if (!(s.chunk > 0)) return [0, Math.ceil(s.tasks / s.workers)];
        const c = Math.min(Math.max(1, s.chunk), s.tasks), all = Math.ceil(s.tasks / c), chunks = Math.ceil(all / s.workers);
        const alone = all - (chunks - 1) * s.workers === 1;
        return [chunks, alone ? (chunks - 1) * c + s.tasks - (all - 1) * c : chunks * c];
    }
    function outside(model, s) {
        return ["workers", "tasks", "task_ns", "chunk", "work_ns"].filter(axis => {
            const range = model.measured[axis], slack = timed(axis) ? NEAR : 1;
            const value = axis === "work_ns" ? s.tasks * s.task_ns : s[axis];
            if (axis === "chunk" && !s.chunk) return !model.measured.own_chunk_measured;
            return !(range && value >= range[0] / slack && value <= range[1] * slack);
        });
    }
    const band = (time, half) => ({median: time, low: time / Math.exp(half / time), high: time * Math.exp(half / time)});
    const gain = (serial, time) => ({median: serial / time.median, low: serial / time.high, high: serial / time.low});
    const none = value => value === null ? NaN : value;
    function ask(model, setting) {
        const {value, covariance, scatter, t} = model.fit, {start} = model, p = setting.workers;
        const own = {one: 1, share: Math.ceil(setting.tasks / p)}[model.measured.own_chunk] ?? 0;
        const chunk = model.measured.chunk ? Math.min(setting.chunk || own, setting.tasks) : 0, s = {...setting, chunk};
        const [chunks, tasks] = share(s);
        const columns = [1, tasks * s.task_ns, chunks, 0, Math.sqrt(2 * Math.min(chunk, s.tasks) * Math.log(p))];
        const free = value[DILATION] * columns[DILATION] + value[CHUNK] * columns[CHUNK];
        const serialised = chunk > 0 ? value[SERIAL] * Math.ceil(s.tasks / Math.min(Math.max(1, chunk), s.tasks)) : 0;
        const run = value[REGION] + Math.max(serialised, free) + value[SPREAD] * columns[SPREAD];
        if (serialised > free) columns[DILATION] = columns[CHUNK] = columns[BYTE] = 0;
        let variance = (none(scatter) * run) ** 2;
        columns.forEach((a, i) => columns.forEach((b, k) => { variance += a * none(covariance[i][k]) * b; }));
        const half = none(t) * Math.sqrt(variance), known = start.only_workers === null || start.only_workers === p;
        const around = known ? none(start.value[0]) + none(start.value[1]) * p : NaN;
        const [[a, b], [, c]] = start.covariance.map(row => row.map(none));
        const half_around = none(start.t) * Math.sqrt(a + 2 * p * b + p * p * c + (none(start.scatter) * around) ** 2);
        const answer = {run: band(run, half), total: band(run + around, Math.hypot(half, half_around))};
        const serial = setting.tasks * setting.task_ns;
        return {...answer, speedup: gain(serial, answer.run), speedup_total: gain(serial, answer.total),
            outside: outside(model, setting)};
    }

    // ---- numbers as the rest of the page has them
    function figure(value) {
        const size = Math.abs(value);
        if (!Number.isFinite(value)) return "-";
        if (size >= 1e7 || (size > 0 && size < 1e-4)) return value.toExponential(2);
        return value.toFixed(size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : size >= 0.09995 ? 3 : 4);
    }
    const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]];
    function time(ns) {
        if (!Number.isFinite(ns)) return "-";
        const [unit, name] = UNITS.find(([unit]) => ns >= 0.9995 * unit) ?? UNITS[3];
        return `${figure(ns / unit)} ${name}`;
    }
    const short_time = ns => time(ns).replace(/\.0+ /, " ").replace(/(\.\d*[1-9])0+ /, "$1 ");
    const count = n => n >= 1e4 ? String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(Math.round(n));
    const ranged = (show, q) => Number.isFinite(q.low) && Number.isFinite(q.high) ? `${show(q.median)} [${show(q.low)}, ${show(q.high)}]` : show(q.median);

    // ---- the setting
    const AXES = {
        task_ns: {name: "task size", show: time, tick: short_time, log: true},
        tasks: {name: "number of tasks", show: count, tick: count, log: true},
        workers: {name: "workers", show: count, tick: count},
        chunk: {name: "chunk", show: c => c ? count(c) : "the runner's own", tick: count, log: true},
    };
    // What can be drawn against: each of these, and the task size with all tasks together staying the same work.
    const ACROSS = {...AXES, grain: {...AXES.task_ns, name: "task size, fewer tasks the longer they are", of: "task_ns"}};
    const moved = (across, x) => across === "grain"
        ? {...setting, task_ns: x, tasks: Math.max(1, Math.round(setting.tasks * setting.task_ns / x))} : {...setting, [across]: x};
    const same = (a, b) => Math.round(a) === Math.round(b) || Math.abs(Math.log(a / b)) < Math.log(NEAR);
    const label = model => [model.runner, model.schedule === "default" ? "" : model.schedule].join(" ").trim();
    const groups = [];
    for (const model of models) {
        const name = `${model.kernel}, study ${model.study}`, group = groups.find(other => other.name === name);
        if (group) group.models.push(model);
        else groups.push({name, models: [model]});
    }
    let group, setting, values; // values: of each slider, one a step
    const extent = axis => group.models.reduce(([low, high], {measured}) => measured[axis]
        ? [Math.min(low, measured[axis][0]), Math.max(high, measured[axis][1])] : [low, high], [Infinity, -Infinity]);

    // Round numbers from well below what was measured to well above, and what was measured itself: durations in whole ns,
    // as the command line has them, so that the command below says the numbers that stand here.
    const typed = value => value > 0 ? Math.max(1, Math.round(value)) : value;
    function steps(axis) {
        const [low, high] = extent(axis), whole = axis !== "task_ns";
        if (!(high >= low)) return [];
        const all = [...new Set(group.models.flatMap(model => model.cells.map(cell => typed(cell[axis]))).filter(value => value > 0))];
        const add = value => {
            if (!all.some(other => whole ? other === value : Math.abs(Math.log(other / value)) < Math.log(NEAR))) all.push(value);
        };
        if (axis === "workers" && high <= 64) for (let p = 1; p <= 2 * high; p++) add(p);
        else
            for (let decade = Math.floor(Math.log10(low / 10)); decade <= Math.log10(high) + 1; decade++)
                for (const digit of [1, 1.5, 2, 3, 5, 7]) {
                    const value = Number((digit * 10 ** decade).toPrecision(3));
                    if (value >= low / 10 && value <= high * 10 && value >= 1 && Number.isInteger(value)) add(value);
                }
        return all.sort((a, b) => a - b);
    }
    const nearest = (list, value) => list.reduce((best, one, i) => Math.abs(one - value) < Math.abs(list[best] - value) ? i : best, 0);

    function choose(index) {
        group = groups[index];
        const model = group.models[0], {workers, tasks, task_ns, chunk} = model.cells[model.start_cell];
        setting = {workers, tasks, task_ns: typed(task_ns), chunk};
        values = Object.fromEntries(Object.keys(AXES).map(axis => [axis, steps(axis)]));
        values.chunk = [0, ...values.chunk];
        for (const axis of Object.keys(AXES)) {
            const slider = at(axis), list = values[axis];
            slider.max = list.length - 1;
            slider.value = nearest(list, setting[axis]);
            slider.disabled = list.length < 2;
        }
        const varied = Object.keys(ACROSS).filter(axis => axis !== "chunk" || !at(axis).disabled);
        const count = axis => group.models.reduce((sum, model) => sum + drawn(model, axis).length, 0);
        at("across").replaceChildren(...varied.map(axis => new Option(ACROSS[axis].name, axis)));
        at("across").value = varied.reduce((best, axis) => count(axis) > count(best) ? axis : best, "workers");
        show();
    }

    // ---- what is shown
    const excuse = (model, outside) => outside.map(axis => {
        const range = model.measured[axis], show = timed(axis) ? time : count, name = axis === "work_ns" ? "all tasks together" : AXES[axis].name;
        if (!range) return `${name} (not known)`;
        return show(range[0]) === show(range[1]) ? `${name} (${show(range[0])} alone)` : `${name} (${show(range[0])} to ${show(range[1])})`;
    }).join(", ");

    function cell(row, text, key) {
        const made = row.insertCell();
        made.textContent = text;
        if (key !== undefined) {
            made.className = "number";
            made.dataset.key = key.median;
            made.dataset.low = key.low;
            made.dataset.high = key.high;
        }
        return made;
    }

    function show_rows(total) {
        const rows = group.models.map(model => {
            const answer = ask(model, setting), row = document.createElement("tr"), head = document.createElement("th");
            head.scope = "row";
            head.innerHTML = '<span class="swatch"></span>';
            head.firstChild.style.setProperty("--c", `var(--hue${model.hue})`);
            head.append(label(model), ` ${model.placement}`);
            row.append(head);
            row.className = answer.outside.length ? "outside" : "";
            cell(row, ranged(time, total ? answer.total : answer.run), total ? answer.total : answer.run);
            cell(row, ranged(figure, total ? answer.speedup_total : answer.speedup), total ? answer.speedup_total : answer.speedup);
            cell(row, answer.outside.length ? `outside: ${excuse(model, answer.outside)}` : "inside");
            return [row, answer];
        });
        at("rows").replaceChildren(...rows.map(([row]) => row));
        const out = rows.filter(([, answer]) => answer.outside.length).length;
        at("warning").textContent = !out ? "This setting lies inside of what the formula was fitted to."
            : `${out === rows.length ? "Outside of what the formula was fitted to" : `Outside of what the formula was fitted to for ${out} of ${rows.length} runners`}: grey below is the formula carried on.`;
        at("warning").classList.toggle("outside", out > 0);
    }

    function show() {
        const total = at("time").value === "total", across = at("across").value;
        for (const axis of Object.keys(AXES)) {
            const text = AXES[axis].show(setting[axis]);
            at(`${axis}-text`).textContent = at(axis).disabled && axis === "chunk" ? "the runner's own: no other was measured" : text;
            at(axis).setAttribute("aria-valuetext", text);
        }
        show_rows(total);
        const curves = group.models.map(model => ({model, points: along(model, across)}));
        draw(at("times"), curves, across, total ? "total" : "run", true);
        draw(at("speedups"), curves, across, total ? "speedup_total" : "speedup", false);
        const command = `breakeven report --predict --workers ${setting.workers} --tasks ${setting.tasks} --task-time ` +
            `${setting.task_ns}ns${setting.chunk ? ` --chunk ${setting.chunk}` : ""} DIR`;
        at("command").replaceChildren(...command.split(" ").flatMap((word, i) => { // no line ends inside of a word
            const whole = document.createElement("span");
            whole.textContent = word;
            return i ? [" ", whole] : [whole];
        }));
    }

    function along(model, across) {
        const list = values[ACROSS[across].of ?? across].filter(value => value > 0), [low, high] = [list[0], list.at(-1)], all = [...list];
        for (let i = 1; ACROSS[across].log && i < 60; i++) {
            const value = low * (high / low) ** (i / 60);
            all.push(across === "tasks" || across === "chunk" ? Math.round(value) : value);
        }
        return [...new Set(all)].sort((a, b) => a - b).map(x => ({x, ...ask(model, moved(across, x))}));
    }
    // A measured cell is drawn where it differs from the setting along the axis alone.
    const drawn = (model, across) => model.cells.map(cell => ({...cell, grain: cell.task_ns})).filter(cell => {
        const wanted = moved(across, cell[across]);
        return cell.workers === wanted.workers && cell.chunk === wanted.chunk && same(cell.task_ns, wanted.task_ns) &&
            (across === "grain" ? same(cell.tasks, wanted.tasks) : cell.tasks === wanted.tasks);
    });

    const SVG = "http://www.w3.org/2000/svg";
    function add(parent, name, attributes, text) {
        const made = document.createElementNS(SVG, name);
        for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
        if (text !== undefined) made.textContent = text;
        parent.append(made);
        return made;
    }
    function ticks(low, high, log, room, axis) {
        if (!log) {
            const raw = (high - low) / room, unit = 10 ** Math.floor(Math.log10(raw));
            let step = [1, 2, 5, 10].find(n => n * unit >= raw) * unit;
            if (axis === "workers") step = Math.max(1, Math.round(step));
            return Array.from({length: Math.floor(high / step + 1e-9) + 1}, (_, i) => i * step).filter(v => v >= low);
        }
        const round = digits => Array.from({length: Math.ceil(Math.log10(high / low)) + 1}, (_, i) => Math.floor(Math.log10(low)) + i)
            .flatMap(d => digits.map(digit => digit * 10 ** d)).filter(v => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
        const all = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]].map(round).find(list => list.length > 1) ?? [low, high];
        return all.filter((_, i) => i % Math.ceil(all.length / room) === 0);
    }

    function draw(place, curves, across, what, log) {
        const width = Math.max(280, Math.round(place.clientWidth || 440)), height = 260, left = 56, right = 10, top = 26, bottom = 40;
        const axis = ACROSS[across], cells = curves.map(({model}) => drawn(model, across));
        const seen = curves.flatMap(({points}) => points.map(point => point[what].median)).concat(cells.flat().map(cell => cell[what].median))
            .filter(value => value > 0 && Number.isFinite(value));
        const xs = curves[0].points.map(point => point.x), x_low = axis.log ? xs[0] : 0, x_high = xs[xs.length - 1];
        const serial = x => { const s = moved(across, x); return log ? s.tasks * s.task_ns : 1; };
        const y_low = log ? Math.min(...seen) / 1.5 : 0, y_high = Math.max(...seen, log ? 0 : 1.2) * (log ? 1.5 : 1.08);
        const scale = (value, low, high, from, to, by_log) => from + (to - from) * (by_log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
        const X = x => scale(x, x_low, x_high, left, width - right, axis.log);
        const Y = y => Math.min(height - bottom, Math.max(top, scale(Math.max(y, log ? 1e-300 : 0), y_low, y_high, height - bottom, top, log)));
        const svg = document.createElementNS(SVG, "svg");
        svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", `${log ? "Time" : "Speed-up"} against ${axis.name}; the table below has its numbers at the setting`);
        add(svg, "text", {x: 0, y: 14, class: "head"}, log ? `Time ${what === "run" ? "of the run phase" : "with start and stop"}` : "Speed-up over serial");
        const y_ticks = seen.length ? ticks(y_low, y_high, log, 5, "y") : [];
        for (const y of y_ticks) {
            add(svg, "line", {x1: left, x2: width - right, y1: Y(y), y2: Y(y), class: "grid"});
            add(svg, "text", {x: left - 6, y: Y(y) + 4, "text-anchor": "end"}, log ? short_time(y) : figure(y).replace(/\.?0+$/, "") || "0");
        }
        for (const x of ticks(x_low, x_high, axis.log, Math.floor(width / 75), across).filter(x => x > 0)) {
            const end = X(x) > width - right - 20;
            add(svg, "line", {x1: X(x), x2: X(x), y1: height - bottom, y2: height - bottom + 4, class: "axis"});
            add(svg, "text", {x: X(x), y: height - bottom + 17, "text-anchor": end ? "end" : "middle"}, axis.tick(x));
        }
        add(svg, "text", {x: (left + width - right) / 2, y: height - 5, "text-anchor": "middle"}, axis.name);
        add(svg, "path", {d: `M${left} ${top}V${height - bottom}H${width - right}`, class: "axis"});
        const path = points => points.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("");
        if (seen.length) add(svg, "path", {d: path(xs.map(x => [x, serial(x)]).filter(([, y]) => y >= y_low && y <= y_high)), class: "serial"});
        curves.forEach(({model, points}, i) => {
            const good = points.filter(point => Number.isFinite(point[what].median)), colour = `--c:var(--hue${model.hue})`;
            const banded = good.filter(point => Number.isFinite(point[what].low) && Number.isFinite(point[what].high));
            if (banded.length > 1)
                add(svg, "path", {d: `${path([...banded.map(p => [p.x, p[what].high]), ...banded.reverse().map(p => [p.x, p[what].low])])}Z`, class: "band", style: colour});
            if (good.length === 1) add(svg, "circle", {cx: X(good[0].x), cy: Y(good[0][what].median), r: 2.5, class: "curve", style: colour});
            for (let from = 0; from < good.length - 1;) { // pieces inside in the runner's colour, outside in grey
                const out = k => good[k].outside.length > 0 || good[k + 1].outside.length > 0;
                let to = from + 1;
                while (to < good.length - 1 && out(to) === out(from)) to++;
                add(svg, "path", {d: path(good.slice(from, to + 1).map(p => [p.x, p[what].median])), class: out(from) ? "curve outside" : "curve",
                    style: colour, "stroke-dasharray": ["", "6 3", "2 3"][models.filter(m => m.hue === model.hue && group.models.includes(m)).indexOf(model) % 3]});
                from = to;
            }
            for (const {[across]: x, [what]: q} of cells[i]) {
                if (!(q.median > 0 && x > 0)) continue;
                if (q.low !== null) add(svg, "line", {x1: X(x), x2: X(x), y1: Y(q.low), y2: Y(q.high), class: "bar", style: colour});
                add(add(svg, "circle", {cx: X(x), cy: Y(q.median), r: 4, class: "point", style: colour}), "title", {},
                    `measured: ${label(model)}, ${axis.name} ${axis.tick(x)}: ${ranged(log ? time : figure, q)}`);
            }
        });
        const now = setting[axis.of ?? across];
        if (now > 0) add(svg, "line", {x1: X(now), x2: X(now), y1: top, y2: height - bottom, class: "now"});
        place.replaceChildren(svg);
    }

    for (const axis of Object.keys(AXES))
        at(axis).addEventListener("input", event => {
            setting[axis] = values[axis][Number(event.target.value)];
            show();
        });
    at("fit").replaceChildren(...groups.map(({name}, i) => new Option(name, i)));
    at("fit").addEventListener("input", event => choose(Number(event.target.value)));
    for (const name of ["time", "across"]) at(name).addEventListener("input", show);
    let last = 0;
    new ResizeObserver(() => {
        if (root.clientWidth !== last) last = root.clientWidth, show();
    }).observe(root);
    choose(0);
})();
