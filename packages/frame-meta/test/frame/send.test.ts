import { Frame, FrameTable, unitMeta } from "@memkit/frame-meta";
import { inTransit } from "@memkit/frame-meta/agents";
import { checkInvariants } from "@memkit/frame-meta/model";
import { Segment } from "@memkit/frame-meta/segment";
import { UniqueFrame } from "@memkit/frame-meta/unique";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inMode, MODES } from "../slot/modes.js";
import { mock, mockOf, PAGE, refusalOf, rigOf } from "./support.js";

describe.each(MODES)("send, %s", (mode) => {
  const frameIn = (table: FrameTable, pfn = 1) =>
    Frame.fromUnused(table, pfn * PAGE, mock, mockOf(7));

  it("FM-36: a handle ends, and begins where its token arrives, with the same count", () => {
    const { table } = rigOf(mode);
    const frame = frameIn(table);
    const kept = frame.clone();
    const token = structuredClone(frame.send());
    expect(frame.dropped).toBe(true);
    expect(kept.referenceCount).toBe(2);
    expect(checkInvariants(table).violations).toEqual([]);
    const there = Frame.receive(table, token);
    expect(there.tryAs(mock)?.meta.value).toBe(7);
    expect(there.referenceCount).toBe(2);
    expect(checkInvariants(table).violations).toEqual([]);
  });

  it("FM-36: a token is good for one handle, also when its record is another's", () => {
    const { table } = rigOf(mode);
    const token = frameIn(table).send();
    Frame.receive(table, token).drop();
    const stale = () => Frame.receive(table, token);
    expect(refusalOf(stale)).toEqual({ code: "not-in-transit", ...token });
    const next = frameIn(table, 2).send();
    expect(next.transit).toBe(token.transit);
    expect(refusalOf(stale).code).toBe("not-in-transit");
    expect(Frame.receive(table, next).paddr).toBe(2 * PAGE);
  });

  it.each([
    [{ transit: -1, ticket: 1 }],
    [{ transit: 64, ticket: 1 }],
    [{ transit: 0.5, ticket: 1 }],
    [{ transit: 0, ticket: 0 }],
    [{ transit: 0, ticket: 2 }],
    [{ transit: 1, ticket: 1 }],
    [{ transit: Number.NaN, ticket: 1 }],
    [{ transit: 0, ticket: 2 ** 32 + 1 }],
  ])("refuses %o, which nobody was given", (token) => {
    const { table } = rigOf(mode);
    const sent = frameIn(table).send();
    expect(sent).toEqual({ transit: 0, ticket: 1 });
    expect(refusalOf(() => Frame.receive(table, token)).code).toBe("not-in-transit");
    expect(inTransit(table)).toHaveLength(1);
  });

  it("refuses a token of another kind, which stays good", () => {
    const { table } = rigOf(mode);
    const token = frameIn(table).send();
    const wrong = { code: "wrong-kind", expected: "unique", got: "handle" };
    expect(refusalOf(() => UniqueFrame.receive(table, token))).toEqual(wrong);
    expect(refusalOf(() => Segment.receive(table, token)).code).toBe("wrong-kind");
    Frame.receive(table, token).drop();
  });

  it("FM-36: unique frames stay unique on their way, segments whole", () => {
    const { table } = rigOf(mode);
    const unique = UniqueFrame.fromUnused(table, PAGE, mock, mockOf(1));
    const segment = Segment.fromUnused(table, 2 * PAGE, 5 * PAGE, mock, () => mockOf(2));
    const tokens = [unique.send(), segment.send()] as const;
    expect([unique.dropped, segment.dropped]).toEqual([true, true]);
    expect(inTransit(table).map(({ kind, slot, frames }) => [kind, slot, frames])).toEqual([
      ["unique", 1, 1],
      ["segment", 2, 3],
    ]);
    expect(refusalOf(() => Frame.fromInUse(table, PAGE)).code).toBe("unique");
    expect(checkInvariants(table).violations).toEqual([]);
    const [there, all] = [UniqueFrame.receive(table, tokens[0]), Segment.receive(table, tokens[1])];
    expect(checkInvariants(table).violations).toEqual([]);
    expect([all.start, all.frames]).toEqual([2 * PAGE, 3]);
    there.drop();
    all.drop();
    expect(checkInvariants(table, { atEnd: true }).violations).toEqual([]);
  });

  it("says at the end what was never received", () => {
    const { table } = rigOf(mode);
    frameIn(table, 3).send();
    const { violations } = checkInvariants(table, { atEnd: true });
    expect(violations.map(({ id, pfn, what }) => [id, pfn, what])).toEqual([
      ["R5", 3, "a handle that agent -1 sent was never received"],
    ]);
  });

  it("refuses more than the table was made for, and the handle stays", () => {
    const memory = { buffer: new SharedArrayBuffer(4 * PAGE) };
    const table = FrameTable.create(inMode(mode, { memory, transits: 2 }));
    const frames = [1, 2, 3].map((pfn) => Frame.fromUnused(table, pfn * PAGE, unitMeta, {}));
    const tokens = frames.slice(0, 2).map((frame) => frame.send());
    expect(refusalOf(() => frames[2]!.send())).toEqual({
      code: "too-many-in-transit",
      capacity: 2,
    });
    expect(frames[2]!.dropped).toBe(false);
    Frame.receive(table, tokens[0]!).drop();
    frames[2]!.send();
    expect(inTransit(table).map(({ slot }) => slot)).toEqual([3, 2]);
  });

  it("FM-36: in whatever order handles are sent and received, none is lost or doubled", () => {
    const turn = fc.record({ send: fc.boolean(), which: fc.nat() });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 60 }), (turns) => {
        const { table } = rigOf("shared", 4);
        const first = frameIn(table);
        const held = [first, ...Array.from({ length: 9 }, () => first.clone())];
        const sent: ReturnType<Frame["send"]>[] = [];
        for (const { send, which } of turns) {
          const from: unknown[] = send ? held : sent;
          if (from.length === 0) continue;
          if (send) sent.push(held.splice(which % held.length, 1)[0]!.send());
          else
            held.push(
              Frame.receive(table, sent.splice(which % sent.length, 1)[0]!) as typeof first,
            );
          expect(inTransit(table).length).toBe(sent.length);
          expect(checkInvariants(table).violations).toEqual([]);
        }
        expect(table.slots.countOf(1)).toBe(10);
      }),
      { numRuns: 30 },
    );
  });
});
