/** Why TensorFlow could not be installed, in words for whoever runs the installer. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
}
