// The program: checks what modules need before they are loaded, and starts the service.

/** Threads, pipes and the first connections need these open files; with fewer something fails while the service starts. */
const minFiles = 256;

if (maxOpenFiles() < minFiles) {
  process.stderr.write(
    `The process may not open as many files as the service needs: raise the limit (\`ulimit -n\`) to ${minFiles} or more, and to more than MAX_CONNECTIONS where that many clients come.\n`,
  );
  process.exit(1);
}
// Imported only now, since modules are files too.
const { start } = await import('./start.ts');
await start();

/** The system's limit of open files for this process. */
function maxOpenFiles(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | 'unlimited' } } };
  const limit = userLimits?.open_files?.soft ?? 'unlimited';
  return limit === 'unlimited' ? Infinity : limit;
}
