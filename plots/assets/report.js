/* SPDX-License-Identifier: GPL-3.0-or-later */
// Sorting tables, hiding curves, showing values. The page reads the same without it.
"use strict";
(() => {
    const rowsOf = body => Array.from(body.rows);
    const key = (row, at, numeric) => {
        const cell = row.cells[at];
        return numeric ? (cell.dataset.key ? Number(cell.dataset.key) : NaN) : cell.textContent;
    };
    const order = (a, b, numeric) => {
        if (!numeric) return a.localeCompare(b, "en", {numeric: true});
        if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
        return a - b;
    };
    for (const table of document.querySelectorAll("table.sortable")) {
        const heads = Array.from(table.tHead.rows[0].cells), body = table.tBodies[0];
        heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => {
            const down = head.getAttribute("aria-sort") === "ascending", numeric = head.classList.contains("number");
            const rows = rowsOf(body);
            rows.sort((a, b) => {
                const left = key(a, at, numeric), right = key(b, at, numeric);
                if (numeric && (isNaN(left) || isNaN(right))) return order(left, right, true); // unknown stays last
                return down ? order(right, left, numeric) : order(left, right, numeric);
            });
            for (const other of heads) other.setAttribute("aria-sort", "none");
            head.setAttribute("aria-sort", down ? "descending" : "ascending");
            body.append(...rows);
        }));
    }

    // A table as CSV (RFC 4180), in the order that is shown: of a column of numbers the number in its base unit (ns, bytes),
    // and what the page shows.
    const quoted = text => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const csv = table => {
        const heads = Array.from(table.tHead.rows[0].cells), numeric = heads.map(head => head.classList.contains("number"));
        const names = heads.flatMap((head, at) => numeric[at] ? [head.textContent, `${head.textContent} (as shown)`] : [head.textContent]);
        const lines = rowsOf(table.tBodies[0]).map(row => Array.from(row.cells).flatMap((cell, at) =>
            numeric[at] ? [cell.dataset.key ?? "", cell.textContent] : [cell.textContent]));
        return [names, ...lines].map(line => line.map(quoted).join(",") + "\r\n").join("");
    };
    for (const table of document.querySelectorAll("table.sortable")) {
        const button = document.createElement("button"), section = table.closest("section");
        button.type = "button";
        button.className = "csv";
        button.textContent = "Download as CSV";
        button.setAttribute("aria-label", `Download as CSV: ${section.querySelector("h3").textContent}`);
        button.addEventListener("click", () => {
            const link = document.createElement("a");
            link.href = URL.createObjectURL(new Blob([csv(table)], {type: "text/csv"}));
            link.download = `${section.id}.csv`;
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 10000);
        });
        section.querySelector(".scroll").before(button);
    }

    for (const button of document.querySelectorAll(".legend button")) {
        const figure = button.closest("figure"), series = button.dataset.s;
        button.addEventListener("click", () => {
            const show = button.getAttribute("aria-pressed") !== "true";
            button.setAttribute("aria-pressed", String(show));
            for (const part of figure.querySelectorAll(`.picture [data-s="${series}"]`)) part.classList.toggle("off", !show);
        });
    }

    // Printing shows every topic; afterwards those the reader had closed are closed again.
    const topics = Array.from(document.querySelectorAll("details.topic")), unfold = document.getElementById("unfold");
    let folded = [];
    addEventListener("beforeprint", () => {
        folded = topics.filter(topic => !topic.open);
        for (const topic of folded) topic.open = true;
    });
    addEventListener("afterprint", () => { for (const topic of folded) topic.open = false; });
    const name = () => { unfold.textContent = topics.every(topic => topic.open) ? "Close all" : "Open all"; };
    unfold.hidden = !topics.length;
    unfold.addEventListener("click", () => {
        const open = !topics.every(topic => topic.open);
        for (const topic of topics) topic.open = open;
    });
    for (const topic of topics) topic.addEventListener("toggle", name);

    const tip = document.getElementById("tip");
    const place = event => {
        const box = tip.getBoundingClientRect(), gap = 14;
        const left = Math.min(event.clientX + gap, document.documentElement.clientWidth - box.width - 4);
        const top = event.clientY + gap + box.height > innerHeight ? event.clientY - gap - box.height : event.clientY + gap;
        tip.style.left = `${Math.max(4, left)}px`;
        tip.style.top = `${Math.max(4, top)}px`;
    };
    for (const picture of document.querySelectorAll(".picture")) {
        picture.addEventListener("pointermove", event => {
            const mark = event.target.closest("[data-tip]");
            tip.hidden = !mark;
            if (!mark) return;
            tip.textContent = mark.dataset.tip;
            place(event);
        });
        picture.addEventListener("pointerleave", () => { tip.hidden = true; });
    }
    addEventListener("keydown", event => { if (event.key === "Escape") tip.hidden = true; });
})();
