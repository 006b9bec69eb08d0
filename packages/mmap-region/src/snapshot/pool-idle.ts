/**
 * Guests that nobody has: each by the key that had it last, and all of them by how long ago that was.
 *
 * @module
 */

/** What the list knows of a guest. */
export interface Idle {
  /** Who had it last. */
  key: string | undefined;
}

/** See the head of this module. */
export class IdleGuests<M extends Idle> {
  /** In the order of being given back: the first has been idle longest. */
  private readonly all: Set<M> = new Set();
  /** Of each key the most recent last: its pages are the likeliest to be in a cache. */
  private readonly byKey: Map<string | undefined, M[]> = new Map();

  get size(): number {
    return this.all.size;
  }

  add(member: M): void {
    this.all.add(member);
    const known = this.byKey.get(member.key);
    if (known === undefined) this.byKey.set(member.key, [member]);
    else known.push(member);
  }

  /** The guest that the key, or without one nobody's key, had last, or else the one that has been idle longest. */
  take(key: string | undefined): M | undefined {
    const member = this.byKey.get(key)?.at(-1) ?? this.first();
    if (member !== undefined) this.remove(member);
    return member;
  }

  remove(member: M): void {
    this.all.delete(member);
    const known = this.byKey.get(member.key);
    if (known === undefined) return;
    known.splice(known.lastIndexOf(member), 1);
    if (known.length === 0) this.byKey.delete(member.key);
  }

  first(): M | undefined {
    for (const member of this.all) return member;
    return undefined;
  }
}
