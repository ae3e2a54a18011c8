import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { format } from 'node:util'
import { Violation } from '../invariants.ts'

/** In every token and secret of a run, so that one is recognised wherever it turns up. */
export const MARK = 'HUSH-HUSH-'

/** @throws {Violation} For an event or an error that shows a token, however it is printed. */
export function refuseSecrets(value: object | undefined, where: string): void {
  if (value === undefined || !shows(value, MARK)) return
  throw new Violation('S1', `${where} shows a token or a secret`)
}

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn', 'dir'] as const

type Write = typeof process.stdout.write

/**
 * Listens to what is printed or written to a file, so that a token in it is noticed, and not
 * printed.
 *
 * @param onSecret Told where a token was about to be printed.
 * @returns Lets go.
 */
export function eavesdrop(onSecret: (where: string) => void): () => void {
  const { console, process } = globalThis
  const restore: (() => void)[] = []
  for (const method of METHODS) {
    const print: (...values: unknown[]) => void = console[method]
    console[method] = (...values: unknown[]) => {
      if (format(...values).includes(MARK)) onSecret(`console.${method}`)
      else print.apply(console, values)
    }
    restore.push(() => void (console[method] = print))
  }
  for (const [stream, where] of [
    [process.stdout, 'the standard output'],
    [process.stderr, 'the standard error'],
  ] as const) {
    const { write } = stream
    const heard = (...values: Parameters<Write>): boolean => {
      if (!isSecret(values[0])) return write.apply(stream, values)
      onSecret(where)
      return true
    }
    stream.write = heard as Write
    restore.push(() => void (stream.write = write))
  }
  restore.push(eavesdropOnFiles(onSecret))
  return () => {
    for (const undo of restore) undo()
  }
}

/** `fs.write` and `fs.writeSync`, as far as they are alike. A callback comes last. */
type FileWrite = (file: number, data: unknown, ...others: unknown[]) => unknown

/** Loggers such as pino go round the streams. */
function eavesdropOnFiles(onSecret: (where: string) => void): () => void {
  const { write, writeSync } = fs
  const hearing =
    (call: unknown, pretend: FileWrite): FileWrite =>
    (file, data, ...others) => {
      if (!isSecret(data)) return (call as FileWrite)(file, data, ...others)
      onSecret('a file')
      return pretend(file, data, ...others)
    }
  const lengthOf = (data: unknown): number => bytesOf(data).length
  Object.assign(fs, {
    writeSync: hearing(writeSync, (_, data) => lengthOf(data)),
    write: hearing(write, (_, data, ...others) => {
      const callback = others.at(-1) as (error: null, written: number, data: unknown) => void
      process.nextTick(callback, null, lengthOf(data), data)
    }),
  })
  syncBuiltinESMExports()
  return () => {
    Object.assign(fs, { write, writeSync })
    syncBuiltinESMExports()
  }
}

const isSecret = (data: unknown): boolean => bytesOf(data).includes(MARK)

function bytesOf(data: unknown): Buffer {
  if (!ArrayBuffer.isView(data)) return Buffer.from(String(data))
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

/** Whether a value shows a text, however it is printed: by JSON, by a template, by an inspector. */
export function shows(value: object, text: string): boolean {
  // A stack says no more than the message, and takes long to be made.
  const own = Reflect.ownKeys(value).filter((name) => name !== 'stack')
  const members = own.map((name) => (value as Record<PropertyKey, unknown>)[name])
  // JSON prints the first, a template the second, and neither the third.
  const printed = [
    JSON.stringify(value),
    ''.concat(value as unknown as string),
    format('%j', members),
  ]
  return printed.some((each) => each.includes(text))
}
