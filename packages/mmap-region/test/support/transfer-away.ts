/** What a holder of a buffer can do to it; undefined where the engine refuses (Node 20, foreign memory). */
export function transferAway(buffer: ArrayBuffer): ArrayBuffer | undefined {
  const { transfer } = buffer as { transfer?: () => ArrayBuffer };
  if (transfer !== undefined) return transfer.call(buffer);
  const moved = structuredClone(buffer, { transfer: [buffer] });
  return buffer.byteLength === 0 ? moved : undefined;
}
