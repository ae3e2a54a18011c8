/** `npx tsx test/compare/main.ts`: plays the scenes, and writes the table of docs/compare.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { between } from '../docs/marks.ts'
import { compared, withComparison } from './scenes.ts'

const BEGIN = '<!-- Written by `npx tsx test/compare/main.ts`. -->'
const END = '<!-- End of the table. -->'

const page = readFileSync('docs/compare.md', 'utf8')
writeFileSync('docs/compare.md', between(page, BEGIN, withComparison(await compared()), END))
