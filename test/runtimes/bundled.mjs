// Tries the promises with a bundle of them. Arguments: the file, and what is given.
const [file, given] = process.argv.slice(2)
const bundle = await import(file)
const { promises } = bundle.promises ? bundle : bundle.default
console.log(`results ${JSON.stringify(await promises(JSON.parse(given)))}`)
process.exit()
