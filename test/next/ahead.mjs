// Sets the clocks of a process ahead by as many milliseconds as the file AHEAD says, whenever they
// are looked at: access tokens expire when a test says so.
import { openSync, readSync } from 'node:fs'

const file = openSync(process.env.AHEAD, 'r')
const bytes = Buffer.alloc(16)
const RealDate = Date
const realNow = performance.now.bind(performance)

function ahead() {
  const length = readSync(file, bytes, 0, bytes.length, 0)
  return Number(bytes.toString('latin1', 0, length))
}
const now = () => RealDate.now() + ahead()

globalThis.Date = new Proxy(RealDate, {
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  construct: (target, given, newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
})
performance.now = () => realNow() + ahead()
