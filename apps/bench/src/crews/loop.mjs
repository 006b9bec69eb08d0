// What a thread reaches that shares nothing: an integer loop.
export const ops = 1024;

export const make = () => {
  let x = 1;
  return () => {
    for (let i = 0; i < ops; i += 1) x = (Math.imul(x, 1664525) + 1013904223) | 0;
    return x;
  };
};
