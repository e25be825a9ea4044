/* SPDX-License-Identifier: GPL-3.0-or-later */
// report.mjs PAGE [all|labels|explorer|beside] [SHOTS]: opens a report in headless Chromium and checks it: all of it, its
// layout and labels, its explorer, or how two side by side are printed; prints one line per check, "ok NAME" or "not ok NAME: why"; exit 1 where one failed. With SHOTS, screenshots go
// into that folder. BREAKEVEN: the program, which is asked what the explorer shows. The page is opened once: that is
// what takes the time.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const [page_path, extent = "all", shots] = process.argv.slice(2);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];
let failed = 0;

function check(name, good, why = "") {
    console.log(good ? `ok ${name}` : `not ok ${name}: ${why}`);
    if (!good) failed++;
}

// Relative luminance and contrast: WCAG 2.1, definitions.
const contrast = `(front, back) => {
    const light = text => {
        const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}`;

const overflowing = () => {
    const wide = [...document.body.querySelectorAll("*")].filter(e => !e.closest(".scroll, .picture, pre") &&
        !e.matches(".skip") && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().right > innerWidth + 1);
    return [document.documentElement.scrollWidth - innerWidth, wide.slice(0, 3).map(e => `${e.tagName}.${e.className}`)];
};

// Numbers of tables that stand on more than one line: a time apart from its unit.
const broken = () => [...document.querySelectorAll("td.number, td[data-key]")].filter(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const boxes = [...range.getClientRects()];
    return boxes.some(box => box.top >= boxes[0].bottom - 2);
}).map(cell => cell.textContent).slice(0, 3);

// Text of one figure's drawing that lies on other text, or outside of the picture.
const colliding = () => {
    const bad = [];
    for (const svg of document.querySelectorAll(".picture svg, .plot svg")) {
        const frame = svg.getBoundingClientRect();
        const texts = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim()).map(t => {
            const box = t.getBoundingClientRect();
            return { text: t.textContent, left: box.left + 1, right: box.right - 1, top: box.top + 2, bottom: box.bottom - 2 };
        });
        const where = svg.getAttribute("aria-labelledby") ?? svg.getAttribute("aria-label");
        for (const t of texts)
            if (t.left < frame.left - 1 || t.right > frame.right + 1 || t.top < frame.top - 2 || t.bottom > frame.bottom + 2)
                bad.push(`${where}: "${t.text}" is clipped`);
        for (let i = 0; i < texts.length; i++)
            for (let k = i + 1; k < texts.length; k++) {
                const [a, b] = [texts[i], texts[k]];
                if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
                    bad.push(`${where}: "${a.text}" lies on "${b.text}"`);
            }
    }
    return bad;
};

async function open() {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.complaints = [];
    page.on("console", message => { if (message.type() === "error") page.complaints.push(message.text()); });
    page.on("pageerror", error => page.complaints.push(error.message));
    page.on("request", request => { if (!/^(file|data):/.test(request.url())) page.complaints.push(`asks for ${request.url()}`); });
    page.setDefaultTimeout(300000); // slower on a crowded machine, never wrong
    await page.goto(pathToFileURL(page_path).href);
    return page;
}

async function layout(page, name, width, scheme) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 900 });
    const [over, which] = await page.evaluate(overflowing);
    check(`${name}: nothing overflows at ${width} px`, over <= 0 && !which.length, `${over} px: ${which}`);
    const apart = await page.evaluate(broken);
    check(`${name}: no number of a table is broken over lines`, !apart.length, apart.join("; "));
    const weak = await page.evaluate(`(() => {
        const contrast = ${contrast}, back = getComputedStyle(document.documentElement).backgroundColor, bad = [];
        for (const e of document.querySelectorAll("p, li, td, th button, a, h1, h2, h3, figcaption, summary, .legend button")) {
            const style = getComputedStyle(e), own = style.backgroundColor;
            const ratio = contrast(style.color, own === "rgba(0, 0, 0, 0)" ? back : own);
            if (ratio < 4.5) bad.push(e.tagName + "." + e.className + " " + ratio.toFixed(2));
        }
        for (let i = 0; i < 7; i++) {
            const probe = document.createElement("i");
            probe.style.color = "var(--hue" + i + ")";
            document.body.append(probe);
            const ratio = contrast(getComputedStyle(probe).color, back);
            probe.remove();
            if (ratio < 3) bad.push("hue" + i + " " + ratio.toFixed(2));
        }
        return bad.slice(0, 5);
    })()`);
    check(`${name}: contrast of text 4.5, of curves 3`, !weak.length, weak.join("; "));
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
    if (shots) await page.locator("#explorer").screenshot({ path: join(shots, `${name}-explorer.png`) });
}

async function looks(page) {
    await contents(page);
    await layout(page, "light", 1600, "light");
    await layout(page, "dark", 900, "dark");
    await layout(page, "narrow", 360, "light");
    await layout(page, "narrow-dark", 360, "dark");
    await page.setViewportSize({ width: 1280, height: 900 });
}

// As small on paper as the page: nothing in it becomes a picture of the whole sheet.
async function printing(page) {
    const bytes = (await page.pdf({ format: "A4" })).length;
    check("printed, it stays as small as the page", bytes < 5 << 20, `${bytes} bytes`);
}

// Each run's frame is as high as what is in it while it is printed, and what is folded is open; afterwards as before.
async function beside(page) {
    const look = () => page.evaluate(() => [...document.querySelectorAll("iframe")].map(frame => {
        const inside = frame.contentDocument;
        return [frame.clientHeight >= inside.documentElement.scrollHeight, !inside.querySelector("details.topic:not([open])")].join();
    }).join(" "));
    const before = await look();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    check("two runs side by side are printed whole", await look() === "true,true true,true", `${before}, printed ${await look()}`);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    check("and are as before afterwards", await look() === before && before.includes("false,false"), `${before}, then ${await look()}`);
}

async function sorting(page) {
    const table = page.locator("table.sortable").filter({ has: page.locator("th.number") }).last();
    const column = await table.locator("th").evaluateAll(heads => heads.findIndex(h => h.classList.contains("number")));
    const head = table.locator("th").nth(column), button = head.locator("button");
    const keys = () => table.locator("tbody tr").evaluateAll(
        (rows, at) => rows.map(r => r.cells[at].dataset.key).filter(k => k !== undefined).map(Number), column);
    await button.focus();
    await page.keyboard.press("Enter");
    const up = await keys();
    check("sorting by the keyboard, rising", up.every((v, i) => !i || up[i - 1] <= v) &&
        await head.getAttribute("aria-sort") === "ascending", up.slice(0, 5).join());
    await button.click();
    const down = await keys();
    check("sorting again, falling", down.every((v, i) => !i || down[i - 1] >= v) &&
        await head.getAttribute("aria-sort") === "descending", down.slice(0, 5).join());
    check("one column is sorted at a time", await table.locator("th[aria-sort='descending'], th[aria-sort='ascending']").count() === 1);
}

async function downloading(page) {
    const section = page.locator("section").filter({ has: page.locator("table.sortable th.number") }).last();
    const rows = await section.locator("tbody tr").count(), heads = await section.locator("th").count();
    const numbers = await section.locator("th.number").count(), button = section.locator("button.csv");
    await button.focus();
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    const text = readFileSync(await download.path(), "utf8"), lines = text.split("\r\n");
    const fields = line => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).slice(0, -1).length + (line.endsWith(",") ? 1 : 0);
    check("a table is downloaded as CSV, all rows, numbers as they are and as shown", download.suggestedFilename().endsWith(".csv") &&
        lines.length === rows + 2 && lines.slice(0, -1).every(line => fields(line) === heads + numbers), lines.slice(0, 2).join(" / "));
}

async function toggling(page) {
    const figure = page.locator("figure").filter({ has: page.locator(".legend button") }).first();
    const button = figure.locator(".legend button").first(), series = await button.getAttribute("data-s");
    const seen = () => figure.locator(`.picture [data-s="${series}"]`).evaluateAll(
        parts => [parts.length, parts.filter(p => getComputedStyle(p).display !== "none").length]);
    const others = () => figure.locator(`.picture [data-s]:not([data-s="${series}"])`).evaluateAll(
        parts => parts.filter(p => getComputedStyle(p).display !== "none").length);
    const [all] = await seen(), rest = await others();
    await button.focus();
    await page.keyboard.press("Space");
    check("a legend entry hides its curve", all > 0 && (await seen())[1] === 0 &&
        await button.getAttribute("aria-pressed") === "false", `${await seen()}`);
    check("and no other", await others() === rest);
    await button.click();
    check("and shows it again", (await seen())[1] === all && await button.getAttribute("aria-pressed") === "true");
}

async function folding(page) {
    const topics = page.locator("details.topic"), count = await topics.count();
    const open = () => topics.evaluateAll(all => all.filter(one => one.open).length);
    const short = await page.locator("ul.short li").allTextContents();
    const least = short.some(text => text.includes("Nothing is recommended")) ? 1 : 4; // then why, and what is to be doubted
    check("findings stand under topics, folded", count >= least && await open() === 0, `${await open()} of ${count}`);
    check("the run in short is there, unfolded", short.length >= least && await page.locator("ul.short li").first().isVisible(),
        short.join(" / "));
    await topics.first().locator("summary").focus();
    await page.keyboard.press("Enter");
    check("a topic opens by the keyboard", await open() === 1 && await topics.first().locator("li").first().isVisible());
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    check("printing opens all", await open() === count, `${await open()}`);
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    check("and folds them again", await open() === 1, `${await open()}`);
    await page.keyboard.press("Enter");
    check("and closes by it", await open() === 0, `${await open()}`);
    await page.locator("#unfold").click();
    check("one press opens all", await open() === count, `${await open()}`);
}

async function hovering(page) {
    const mark = page.locator(".picture [data-tip]").first();
    await mark.scrollIntoViewIfNeeded();
    const box = await mark.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const text = await page.locator("#tip").textContent();
    check("pointing at a mark shows its value", await page.locator("#tip").isVisible() && /\d/.test(text), text);
    await page.keyboard.press("Escape");
    check("Escape takes it away", !await page.locator("#tip").isVisible());
}

// The explorer's table beside what the program prints for the command that the page names.
async function agrees(page, name) {
    const shown = await page.locator("#explorer-rows tr").evaluateAll(rows => rows.map(row => ({
        runner: row.cells[0].textContent.trim(), outside: row.classList.contains("outside"),
        numbers: [1, 2].flatMap(at => ["key", "low", "high"].map(key => Number(row.cells[at].dataset[key]))) })));
    const words = (await page.locator("#explorer-command").textContent()).split(" ");
    const said = JSON.parse(execFileSync(process.env.BREAKEVEN, [...words.slice(1, -1), "--json", dirname(page_path)], { encoding: "utf8" }));
    const [kernel, study] = (await page.locator("#explorer-fit option:checked").textContent()).split(", study ");
    const total = await page.locator("#explorer-time").inputValue() === "total";
    const rows = said.filter(row => row.kernel === kernel && row.study === study);
    const close = (a, b) => b === null ? !isFinite(a) : Math.abs(a / b - 1) < 1e-7; // the page has fewer digits
    const wrong = shown.filter((row, i) => {
        const [time, gain] = total ? [rows[i].total_ns, rows[i].speedup_total] : [rows[i].run_ns, rows[i].speedup];
        const numbers = [time, gain].flatMap(q => [q.median, q.low, q.high]);
        return !row.runner.startsWith(rows[i].runner) || row.outside !== rows[i].outside.length > 0 ||
            !numbers.every((number, k) => close(row.numbers[k], number));
    });
    check(`explorer, ${name}: time, speed-up and bands are the program's`, rows.length > 0 && rows.length === shown.length && !wrong.length,
        `${words.join(" ")}: ${JSON.stringify(wrong)} of ${JSON.stringify(rows.map(row => [row.run_ns, row.speedup, row.outside]))}`);
    return shown;
}

// A run without a fit has nothing to explore, and says so.
async function fitted(page) {
    if (JSON.parse(await page.locator("#explorer-models").textContent()).length) return true;
    check("explorer: without a fit it says so", await page.locator("#explorer-none").isVisible() &&
        !await page.locator("#explorer-body").isVisible());
    return false;
}

async function exploring(page) {
    if (!await fitted(page)) return;
    const press = async (name, ...keys) => {
        await page.locator(`#explorer-${name}`).focus();
        for (const key of keys) await page.keyboard.press(key);
    };
    const choose = text => page.locator("#explorer-fit").selectOption({ label: text });
    const circles = () => page.locator("#explorer-times .point").count();
    const first = await agrees(page, "as it opens");
    check("explorer: what was measured is called that", first.every(row => !row.outside) && await circles() > 1, JSON.stringify(first));
    await press("workers", "Home", "ArrowRight");
    check("explorer: two workers by the keyboard", await page.locator("#explorer-workers-text").textContent() === "2");
    await agrees(page, "two workers");
    await press("workers", "End");
    await press("task_ns", "Home");
    const far = await agrees(page, "far outside");
    check("explorer: outside is said and grey", far.every(row => row.outside) && await page.locator("#explorer-warning.outside").isVisible() &&
        await page.locator("#explorer-times .curve.outside").count() > 0, JSON.stringify(far));
    const options = await page.locator("#explorer-fit option").allTextContents();
    for (const study of ["granularity", "chunk", "breakeven"].filter(word => options.some(text => text.endsWith(word)))) {
        await choose(options.find(text => text.endsWith(study)));
        await press("task_ns", "ArrowRight", "ArrowRight");
        await page.locator("#explorer-time").selectOption("total");
        await agrees(page, `study ${study}, with start and stop`);
        await press("chunk", "ArrowRight", "ArrowRight", "ArrowRight");
        await press("tasks", "ArrowLeft");
        await page.locator("#explorer-time").selectOption("run");
        await agrees(page, `study ${study}, moved`);
    }
    await choose(options[0]);
}

// Measured cells without an interval (few repetitions): null in the page's JSON, which isFinite() takes for a number.
async function missing(page) {
    if (!await page.locator("#explorer-rows td").count()) return;
    const whole = readFileSync(page_path, "utf8"), bare = whole.replace(/"low":[-+.e\d]+,"high":[-+.e\d]+/g, '"low":null,"high":null');
    await page.setContent(bare);
    const cells = await page.locator("#explorer-rows td").allTextContents();
    check("explorer: goes on where measured cells have no interval", bare !== whole && cells.length > 0 &&
        !cells.some(text => /null|NaN|undefined/.test(text)) && await page.locator("#explorer-times .point").count() > 1, cells.join("; "));
}

async function contents(page) {
    const figures = await page.locator("figure").count();
    check("figures are there", figures > 0 && await page.locator("figure .picture svg").count() === figures, `${figures}`);
    const silent = await page.locator(".picture svg").evaluateAll(all => all.filter(svg =>
        svg.getAttribute("role") !== "img" || !document.getElementById(svg.getAttribute("aria-labelledby"))?.textContent ||
        (document.getElementById(svg.getAttribute("aria-describedby"))?.textContent.length ?? 0) < 60).length);
    check("every figure has a text alternative", silent === 0, `${silent} have none`);
    const twice = await page.evaluate(() => {
        const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
        return ids.filter((id, i) => ids.indexOf(id) !== i);
    });
    check("identifiers are unique", !twice.length, twice.slice(0, 5).join());
    const dead = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute("href"))
        .filter(h => !document.querySelector(h)));
    check("links inside the page lead somewhere", !dead.length, dead.join());
    const headings = await page.evaluate(() => [...document.querySelectorAll("h1,h2,h3,h4")].map(h => Number(h.tagName[1])));
    check("headings skip no level", headings[0] === 1 && headings.every((h, i) => !i || h <= headings[i - 1] + 1));
    const bad = await page.evaluate(colliding);
    check("no label is clipped or lies on another", !bad.length, `${bad.length}: ${bad.slice(0, 12).join("; ")}`);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
try {
    const page = await open();
    const everything = [sorting, downloading, toggling, hovering, folding, exploring, printing, missing];
    const parts = { all: [looks, ...everything], labels: [looks], explorer: [exploring], beside: [beside] };
    for (const part of parts[extent]) await part(page);
    check("no error on the console, nothing from a network", !page.complaints.length, page.complaints.join("; "));
} finally {
    await browser.close();
}
process.exit(failed ? 1 : 0);
