/**
 * Walks one world of a copy of the project: `tsx test/mutants/walk.ts COPY WORLD`. Ends with 1 and
 * the counterexample if a property does not hold, with 2 if there is no such world.
 */
import { pathToFileURL } from 'node:url'

type Search = typeof import('../explore/search.ts')
type Worlds = typeof import('../explore/worlds.ts')

const [copy = '', wanted = ''] = process.argv.slice(2)
const load = async (file: string): Promise<unknown> =>
  import(pathToFileURL(`${copy}test/explore/${file}`).href)
const { search } = (await load('search.ts')) as Search
const { configOf, LONG_WORLDS, nameOf, worldOf } = (await load('worlds.ts')) as Worlds

const setting = LONG_WORLDS.find((each) => nameOf(each) === wanted)
if (setting === undefined) {
  console.log(`There is no world named: ${wanted}`)
  process.exitCode = 2
} else {
  try {
    const { states, transitions } = search(configOf(setting), worldOf(setting))
    console.log(`${wanted}: holds in ${states} states, ${transitions} transitions`)
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
    if (error instanceof Error && error.cause instanceof Error) console.log(error.cause.stack)
    process.exitCode = 1
  }
}
