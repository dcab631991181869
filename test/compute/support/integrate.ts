/** Nodes in (0, 1) and weights of the Gauss-Kronrod rule of 15 points on [-1, 1], with the weights of the 7-point rule inside. */
const kronrod: readonly (readonly [node: number, weight: number, gauss: number])[] = [
  [0.991455371120812639206854697526329, 0.02293532201052922496373200805897, 0],
  [0.949107912342758524526189684047851, 0.063092092629978553290700663189204, 0.129484966168869693270611432679082],
  [0.864864423359769072789712788640926, 0.104790010322250183839876322541518, 0],
  [0.741531185599394439863864773280788, 0.140653259715525918745189590510238, 0.27970539148927666790146777142378],
  [0.586087235467691130294144691693013, 0.16900472663926790282658342659855, 0],
  [0.405845151377397166906606412076961, 0.190350578064785409913256402421014, 0.381830050505118944950369775488975],
  [0.207784955007898467600689403773245, 0.204432940075298892414161999234649, 0],
];
const centreWeight = 0.209482141084727828012999174891714;
const centreGauss = 0.417959183673469387755102040816327;

/** The integral of f over [a, b], and of |f|, to about nine digits of the latter; for f smooth in between. */
export function integrate(f: (x: number) => number, a: number, b: number, depth = 10): { value: number; magnitude: number } {
  const centre = (a + b) / 2;
  const half = (b - a) / 2;
  let value = centreWeight * f(centre);
  let coarse = centreGauss * f(centre);
  let magnitude = Math.abs(value);
  for (const [node, weight, gauss] of kronrod) {
    const [low, high] = [f(centre - half * node), f(centre + half * node)];
    value += weight * (low + high);
    coarse += gauss * (low + high);
    magnitude += weight * (Math.abs(low) + Math.abs(high));
  }
  if (depth === 0 || Math.abs(value - coarse) <= 1e-9 * magnitude) {
    return { value: half * value, magnitude: half * magnitude };
  }
  const [left, right] = [integrate(f, a, centre, depth - 1), integrate(f, centre, b, depth - 1)];
  return { value: left.value + right.value, magnitude: left.magnitude + right.magnitude };
}
