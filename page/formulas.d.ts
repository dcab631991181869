/** Made by the build from the catalogue: MathML by LaTeX. */
declare module 'virtual:formulas' {
  const formulas: Readonly<Record<string, string>>;
  export default formulas;
}
