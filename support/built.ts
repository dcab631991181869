/** A built module, as the real server runs it, under the type of its source. */
export async function built<Module>(file: string): Promise<Module> {
  return (await import(new URL(`../dist/${file}`, import.meta.url).href)) as Module;
}
