/** The place before the first frame of a list and behind the last: what a link says that leads to no frame. */
export const GHOST = -1;
