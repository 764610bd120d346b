/**
 * node:ffi, the foreign function library inside of Node (26.1 and newer, without a flag since; experimental), as the four
 * functions of foreign-library.ts. For the program in one file, which cannot carry koffi's binary. See `foreignLibrary`.
 *
 * It takes 64-bit values as BigInt alone, so every address and length is converted on its way: a few dozen nanoseconds each, against
 * one call for a batch of datagrams. Every C function here that returns a `long` returns -1 or a count far below 2^31, so it is read
 * by its lower half: a BigInt as result would be an allocation between the call and errno.
 */
import type { ForeignFunction, ForeignLibrary, ForeignType } from "./foreign-library.ts";

type NativeValue = number | bigint;

/** What is used of node:ffi, declared by hand: the types of Node 20 do not have it. */
interface NodeFfi {
  dlopen(
    path: string | null,
    functions: Readonly<
      Record<string, { readonly arguments: readonly string[]; readonly return: string }>
    >,
  ): { readonly functions: Readonly<Record<string, (...values: NativeValue[]) => NativeValue>> };
  getInt32(pointer: bigint): number;
  getRawPointer(view: ArrayBufferView): bigint;
  toArrayBuffer(pointer: bigint, lengthBytes: number, copy: boolean): ArrayBuffer;
}

const ARGUMENT_TYPE: Readonly<Record<ForeignType, string>> = {
  int: "int32",
  word: "int64",
  address: "uint64",
};

/** glibc and musl alike keep errno at the address that this returns, another one in each thread. */
const ERRNO_LOCATION = "__errno_location";

/** Throws where this Node has no node:ffi, or the process no C library. */
export function openNodeFfi(): ForeignLibrary {
  const ffi = process.getBuiltinModule?.("node:ffi") as NodeFfi | undefined;
  if (ffi === undefined) throw new Error("this Node has no node:ffi, which came with 26.1");
  const bind = (symbol: string, result: string, parameters: readonly ForeignType[]) => {
    const types = parameters.map((parameter) => ARGUMENT_TYPE[parameter]);
    const { functions } = ffi.dlopen(null, { [symbol]: { arguments: types, return: result } });
    const call = functions[symbol];
    if (call === undefined) throw new Error(`${symbol} is not in this process`);
    return call;
  };
  const errnoAddress = BigInt(bind(ERRNO_LOCATION, "uint64", [])());
  return {
    bind(symbol, result, parameters) {
      const call = bind(symbol, result === "address" ? "uint64" : "int32", parameters);
      const converted = converting(call as (...values: NativeValue[]) => number, parameters);
      return result === "address" ? (...values) => Number(converted(...values)) : converted;
    },
    lastErrno: () => ffi.getInt32(errnoAddress),
    addressOf: (view) => (view.byteLength === 0 ? 0 : Number(ffi.getRawPointer(view))),
    bufferAt: (address, lengthBytes) => ffi.toArrayBuffer(BigInt(address), lengthBytes, false),
  };
}

const asItIs = (value: number): NativeValue => value;
const wide = (value: number): NativeValue => BigInt(value);

/** One function for each count of arguments: a rest parameter would be an array for each call. */
function converting(
  call: (...values: NativeValue[]) => number,
  parameters: readonly ForeignType[],
): ForeignFunction {
  const all = parameters.map((parameter) => (parameter === "int" ? asItIs : wide));
  const [c0 = asItIs, c1 = asItIs, c2 = asItIs, c3 = asItIs] = all;
  const [, , , , c4 = asItIs, c5 = asItIs, c6 = asItIs] = all;
  switch (parameters.length) {
    case 0:
      return () => call();
    case 1:
      return (a = 0) => call(c0(a));
    case 2:
      return (a = 0, b = 0) => call(c0(a), c1(b));
    case 3:
      return (a = 0, b = 0, c = 0) => call(c0(a), c1(b), c2(c));
    case 4:
      return (a = 0, b = 0, c = 0, d = 0) => call(c0(a), c1(b), c2(c), c3(d));
    case 5:
      return (a = 0, b = 0, c = 0, d = 0, e = 0) => call(c0(a), c1(b), c2(c), c3(d), c4(e));
    case 6:
      return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0) =>
        call(c0(a), c1(b), c2(c), c3(d), c4(e), c5(f));
    case 7:
      return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0) =>
        call(c0(a), c1(b), c2(c), c3(d), c4(e), c5(f), c6(g));
    default:
      throw new Error(`${parameters.length} arguments: seven are the most`);
  }
}
