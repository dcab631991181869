/** The program. It imports the service when it can say why that fails. */
async function main(): Promise<void> {
  try {
    const { start } = await import('./start.ts');
    await start();
  } catch (error) {
    if (!isOutOfFiles(error)) throw error;
    process.stderr.write('The process may not open as many files as the service needs: raise the limit (`ulimit -n`) to 1024 or more, and to more than MAX_CONNECTIONS where that many clients come.\n');
    process.exit(1);
  }
}

function isOutOfFiles(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE' || (code === 'ERR_WORKER_INIT_FAILED' && error.message.includes('EMFILE'));
}

await main();
