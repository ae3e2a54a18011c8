import { writeFileSync } from 'node:fs'
import { drawings } from './drawings.ts'

for (const [path, text] of Object.entries(await drawings())) {
  writeFileSync(new URL(`../../../${path}`, import.meta.url), text)
}
