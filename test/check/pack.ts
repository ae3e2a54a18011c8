/** Packs what would be published, as the file that the parts after this one look at. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'

const folder = '.build/pack'
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const packed = execFileSync(
  'npm',
  // What the part before this one has built.
  ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
  { encoding: 'utf8' },
)
const [first] = JSON.parse(packed) as { filename: string }[]
if (!first) throw new Error('npm packed nothing')
renameSync(`${folder}/${first.filename}`, `${folder}/refresh-once.tgz`)
