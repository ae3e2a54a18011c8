/** Swaps a row where no file may grow. Prints the error's code and store. */
import { fileStore } from '../../../src/stores/file.ts'

const store = fileStore(process.argv[2]!)
const error: unknown = await store
  .swap('row', 0, Uint8Array.of(1), 1_000)
  .catch((error: unknown) => error)
const { code, store: name } = error as { code?: string; store?: string }
console.log(code, name)
