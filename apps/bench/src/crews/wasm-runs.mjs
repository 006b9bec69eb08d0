// What each thread of a server does with guests of its own: lucet's `par_run_null` and `par_run_fib`.
import { WasmRegion } from "@memkit/mmap-region";
import { newInstanceBuilder, WasmModule } from "@memkit/mmap-region/instance";

export const ops = 8;

export const make = ({ bytes, name, argument }) => {
  const region = WasmRegion.create(1);
  const module = new WasmModule(bytes);
  return () => {
    let sum = 0;
    for (let i = 0; i < ops; i += 1) {
      const instance = newInstanceBuilder(region, module).build();
      sum += Number(instance.run(name, argument) ?? 1);
      instance.drop();
    }
    return sum;
  };
};
