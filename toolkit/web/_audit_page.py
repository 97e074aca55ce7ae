"""The page of audits: choose images, watch, look at what was found, overrule it, take it home."""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from toolkit._core.files import atomic_path, write_csv
from toolkit._core.printable import printable
from toolkit.corruption import ALL_KINDS, kind_in_words
from toolkit.web._parts import as_pil, bind, findings, follow, image_png, picture, progress, said, thumbnails
from toolkit.web._source import SET, SourcePicker, _whole
from toolkit.web._visits import Visit, Visits

__all__ = ["AuditPage"]

_SHOWN = 48  # images in the gallery at a time
_FLAGGED, _ALL = "everything flagged", "all images"
_ORDERS = ("surest first", "least sure first", "most anomalous first", "as they came")
_PLANTED = 0.2  # share of a data set that is corrupted, as by the command; of what a visitor brings none
_AS_FOUND, _CLEAN, _LEAVE = "as found", "clean", "leave it as it is"


class AuditPage:
    """What is wrong with these images, which ones, and can it be undone?"""

    def __init__(self, gr: Any, root: Path, visits: Visits):
        self.gr, self.root, self.visits = gr, root, visits
        self.kinds = {kind: kind_in_words(kind, short=True) for kind in ALL_KINDS}
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self.source = SourcePicker(gr, root, label="Images from", name="audit", n_images=1000)
                with gr.Group():
                    self.planted = gr.Slider(
                        0,
                        0.5,
                        _PLANTED,
                        step=0.05,
                        label="Corrupt this share first, to see it found",
                        elem_id="audit-plant",
                    )
                    self.quick = gr.Checkbox(
                        True, label="Quick: a first answer, no network learns", elem_id="audit-quick"
                    )
                    self.seed = gr.Number(0, label="Seed", precision=0, elem_id="audit-seed")
                with gr.Row():
                    self.start = gr.Button("Audit", variant="primary", elem_id="audit-start")
                    self.stop = gr.Button("Cancel", elem_id="audit-stop")
            with gr.Column(scale=2, min_width=320):
                self.status = gr.HTML(said("Choose images, and press Audit."), elem_id="audit-status")
                self.found = gr.HTML("", elem_id="audit-findings")
                with gr.Row():
                    self.kind = gr.Dropdown([_FLAGGED, _ALL], value=_FLAGGED, label="Show", elem_id="audit-show")
                    self.order = gr.Dropdown(list(_ORDERS), value=_ORDERS[0], label="Order", elem_id="audit-order")
                    self.part = gr.Number(1, label="Part", precision=0, elem_id="audit-part")
                self.gallery = gr.Gallery(
                    label="Press an image to see it large",
                    show_label=False,
                    columns=6,
                    height=420,
                    object_fit="contain",
                    format="png",
                    allow_preview=False,
                    interactive=False,
                    buttons=[],
                    elem_id="audit-gallery",
                )
                self.detail = gr.HTML("", elem_id="audit-detail")
                with gr.Group(visible="hidden") as self.judging, gr.Row():
                    self.decision = gr.Dropdown(
                        [_AS_FOUND, _CLEAN, _LEAVE, *((words, kind) for kind, words in self.kinds.items())],
                        value=_AS_FOUND,
                        label="Your verdict on this image",
                        elem_id="audit-decision",
                    )
                    self.decide = gr.Button("Overrule", elem_id="audit-decide")
                with gr.Row():
                    self.table = gr.DownloadButton("per_image.csv", interactive=False, elem_id="audit-csv")
                    self.images = gr.DownloadButton("repaired.npz", interactive=False, elem_id="audit-npz")
                    self.keep = gr.DownloadButton("keep.txt", interactive=False, elem_id="audit-keep")
                    self.report = gr.DownloadButton("report.html", interactive=False, elem_id="audit-report")
        files = [self.table, self.images, self.keep, self.report]
        view = [self.kind, self.order, self.part]
        bind(
            gr,
            self.start.click,
            self.run,
            [*self.source.inputs, self.planted, self.quick, self.seed],
            [self.status, self.found, self.gallery, self.detail, self.judging, *view, *files],
        )
        bind(gr, self.stop.click, self.cancel, [], [self.status])
        self.source.kind.change(
            lambda kind: _PLANTED if kind == SET else 0,
            inputs=[self.source.kind],
            outputs=[self.planted],
            show_progress="hidden",
            api_visibility="private",
        )
        for control in view:
            bind(gr, control.input, self.show, view, [self.status, self.gallery])
        bind(
            gr,
            self.gallery.select,
            self.look,
            view,
            [self.status, self.detail, self.judging, self.decision],
            selects=True,
        )
        bind(
            gr,
            self.decide.click,
            self.overrule,
            [self.decision, *view],
            [self.status, self.gallery, self.detail, *files],
        )

    def run(self, request, kind, name, upload, path, n_images, planted, quick, seed):
        """Audit the images chosen."""
        visit, gr = self.visits.of(request), self.gr
        seed = _whole("Seed", seed, 0, 2**31)
        if not isinstance(planted, (int, float)) or not 0 <= planted <= 0.5:
            raise ValueError("The share to corrupt lies between 0 and 0.5.")
        choice = self.source.choice(kind, name, upload, path, n_images, seed=seed)
        place = visit.place("audit")
        arguments = {"choice": choice, "quick": bool(quick), "planted": float(planted), "seed": seed, "out": str(place)}
        job = self.visits.start(visit, "audit", "toolkit.web._audit_work:audit", arguments)
        visit.found.pop("audit", None)
        nothing = dict.fromkeys((self.table, self.images, self.keep, self.report), gr.update(interactive=False))
        yield {self.found: "", self.gallery: [], self.detail: "", self.judging: gr.update(visible="hidden"), **nothing}
        for _ in follow(job):
            yield {self.status: progress(job)}
        if job.state != "done":
            raise ValueError(job.error)
        found = job.result
        visit.found["audit"] = found | {
            "place": place,
            "images": np.load(place / "images.npy", mmap_mode="r", allow_pickle=False),
            "repaired": np.load(place / "repaired.npy", mmap_mode="r", allow_pickle=False),
            "decisions": {},
            "name": choice.title,
        }
        kinds = sorted(set(found["per_image"]["kind"]) - {"clean"})
        choices = [_FLAGGED, _ALL, *((kind_in_words(kind, short=True), kind) for kind in kinds)]
        shown = _FLAGGED if (found["per_image"]["kind"] != "clean").any() else _ALL
        yield {
            self.status: said(
                f"{found['n_images']:,} images of {choice.title} looked at"
                + (f", {planted:.0%} of them corrupted first." if planted else ".")
            ),
            self.found: findings(found["findings"]),
            self.kind: gr.update(choices=choices, value=shown),
            self.part: 1,
            self.order: _ORDERS[0],
            self.gallery: self._gallery(visit, shown, _ORDERS[0], 1),
            **self._files(visit),
        }

    def cancel(self, request):
        """Stop an audit."""
        job = self.visits.of(request).jobs.get("audit")
        if job is None or not job.running:
            return {self.status: said("Nothing is at work here.")}
        job.stop(grace=3.0)  # nothing is lost with it
        return {self.status: said("Stopping.")}

    def show(self, request, kind, order, part):
        """Images of another kind, in another order."""
        visit = self.visits.of(request)
        self._audit(visit)
        return {self.gallery: self._gallery(visit, kind, order, part)}

    def look(self, request, selected, kind, order, part):
        """One image at its full size, and what was found."""
        visit, gr = self.visits.of(request), self.gr
        rows = self._rows(visit, kind, order, part)
        place = selected.index
        if not isinstance(place, int) or not 0 <= place < len(rows):
            raise ValueError("There is no such image here.")
        found = self._audit(visit)
        found["chosen"] = row = int(rows[place])
        decided = found["decisions"].get(row)
        return {
            self.detail: self._detail(visit, row),
            self.judging: gr.update(visible=True),
            self.decision: {None: _AS_FOUND, "leave": _LEAVE}.get(decided, decided),
        }

    def overrule(self, request, decision, kind, order, part):
        """Another verdict on the image that is shown."""
        visit = self.visits.of(request)
        found = self._audit(visit)
        row = found.get("chosen")
        if row is None:
            raise ValueError("Press an image first.")
        with visit.lock:
            if decision == _AS_FOUND:
                found["decisions"].pop(row, None)
            else:
                if decision not in (_CLEAN, _LEAVE, *self.kinds):
                    raise ValueError("Choose one of the verdicts.")
                found["decisions"][row] = "leave" if decision == _LEAVE else decision
            files = self._files(visit)
        decided = found["decided"].per_image.iloc[row]
        words = [f"Image {self._name(found, row)}: {self._in_words(found['decisions'].get(row))}."]
        if decided["why_not"]:
            words.append(f"It stays as it came: {decided['why_not']}.")
        elif decision in self.kinds:
            words.append("It is repaired as that.")
        return {
            self.status: said(" ".join([*words, "The files to take home have it."])),
            self.detail: self._detail(visit, row),
            self.gallery: self._gallery(visit, kind, order, part),
            **files,
        }

    def _audit(self, visit: Visit) -> dict:
        if "audit" not in visit.found:
            raise ValueError("Nothing has been audited yet.")
        return visit.found["audit"]

    def _rows(self, visit, kind, order, part):
        """Positions of the images that are shown."""
        table = self._audit(visit)["per_image"]
        if kind == _FLAGGED:
            rows = np.flatnonzero(table["kind"] != "clean")
        elif kind == _ALL:
            rows = np.arange(len(table))
        else:
            rows = np.flatnonzero(table["kind"] == str(kind))
        if order not in _ORDERS:
            raise ValueError("Choose one of the orders.")
        column, sign = {
            _ORDERS[0]: ("confidence", -1.0),
            _ORDERS[1]: ("confidence", 1.0),
            _ORDERS[2]: ("anomaly_score", -1.0),
        }.get(order, (None, 0.0))
        if column is not None:
            rows = rows[np.argsort(sign * table[column].to_numpy()[rows], kind="stable")]
        last = max(1, -(-len(rows) // _SHOWN))
        begin = (min(_whole("Part", part, 1, 10**6), last) - 1) * _SHOWN
        return rows[begin : begin + _SHOWN]

    def _gallery(self, visit, kind, order, part):
        found = self._audit(visit)
        table, pictures = found["per_image"], []
        for row in self._rows(visit, kind, order, part):
            decided = found["decisions"].get(int(row))
            seen = f"{kind_in_words(table['kind'].iloc[row], short=True)} {table['confidence'].iloc[row]:.2f}"
            words = f"you: {self._in_words(decided)}" if decided else seen
            pictures.append((as_pil(found["images"][row]), words))
        return pictures

    def _auditor(self, found):
        """What was learned, once somebody names a kind: it repairs as that."""
        import toolkit

        if "auditor" not in found and any(decision in self.kinds for decision in found["decisions"].values()):
            folder = found["place"] / "audit" / "auditor"
            found["auditor"] = toolkit.load(folder) if folder.is_dir() else None
        return found.get("auditor")

    def _in_words(self, decision):
        return {None: _AS_FOUND, "leave": _LEAVE}.get(decision) or self.kinds.get(decision, decision)

    def _name(self, found, row):
        table = found["per_image"]
        return printable(table["path"].iloc[row] if "path" in table else table["index"].iloc[row])

    def _detail(self, visit, row):
        from toolkit.audit import nearest_images
        from toolkit.restoration import restorer_in_words

        found = self._audit(visit)
        one, images = found["decided"].per_image.iloc[row], found["images"]
        name = self._name(found, row)
        before = picture(image_png(images[row]), f"image {name} as it came", name="pixels")
        facts = [("found", kind_in_words(one["kind"], short=True)), ("how sure", f"{one['confidence']:.2f}")]
        facts.append(("anomaly score", f"{one['anomaly_score']:.3g}"))
        facts += [("strength", f"{one['severity']:.2f}")] if one["severity"] else []
        facts += [("turned by", f"{one['angle']:.0f} degrees")] if one["angle"] else []
        if row in found["decisions"]:
            facts.append(("your verdict", self._in_words(found["decisions"][row])))
        if one["repaired"]:
            after = picture(image_png(found["decided"].images[row]), f"image {name} repaired", name="pixels")
            facts.append(("repair", restorer_in_words(one["restorer"])))
        else:
            after = ""
            facts.append(("repair", f"none: {one['why_not'] or _why_none(one)}"))
        rows = "".join(
            f"<tr><th scope='row'>{escape(printable(key))}</th><td>{escape(printable(value))}</td></tr>"
            for key, value in facts
        )
        nearest = nearest_images(images, row)
        kinds = found["per_image"]["kind"]
        words = [f"{self._name(found, other)}: {kind_in_words(kinds.iloc[other], short=True)}" for other in nearest]
        pair = f"<figure>{before}<figcaption>as it came</figcaption></figure>"
        pair += f"<figure>{after}<figcaption>repaired</figcaption></figure>" if after else ""
        return (
            f"<h3>Image {escape(name)}</h3><div class='strip large'>{pair}</div><table class='figures'>{rows}</table>"
            f"<h4>Most like it in this set</h4>{thumbnails(images[nearest], words)}"
        )

    def _files(self, visit):
        """What can be taken home, with what was overruled."""
        from toolkit.audit import overrule
        from toolkit.datasets import save_npz

        gr, found = self.gr, self._audit(visit)
        with visit.lock:
            decided = overrule(
                found["per_image"],
                found["images"],
                found["repaired"],
                found["decisions"],
                auditor=self._auditor(found),
            )
            found["decided"] = decided
            out = found["place"] / "take"
            out.mkdir(exist_ok=True)
            write_csv(out / "per_image.csv", decided.per_image)
            save_npz(out / "repaired.npz", decided.images)
            names = [self._name(found, row) for row in np.flatnonzero(decided.keep)]
            with atomic_path(out / "keep.txt") as temporary:
                Path(temporary).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        ways = {self.table: "per_image.csv", self.images: "repaired.npz", self.keep: "keep.txt"}
        files = {button: gr.update(value=str(out / name), interactive=True) for button, name in ways.items()}
        return files | {
            self.report: gr.update(value=str(found["place"] / "audit" / "report.html"), interactive=True),
        }


def _why_none(one):
    if one["kind"] == "clean":
        return "nothing was found wrong with it"
    return "you left it as it came" if one["decision"] else "it could not be confirmed"
