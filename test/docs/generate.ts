import { readFileSync, writeFileSync } from 'node:fs'
import { withPicture } from './picture.ts'

const README = new URL('../../README.md', import.meta.url)

writeFileSync(README, withPicture(readFileSync(README, 'utf8')))
