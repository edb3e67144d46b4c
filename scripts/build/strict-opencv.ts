// OpenCV.js makes functions from strings, which the page's policy forbids. At build time those two places get closures instead.
import type { Plugin } from 'vite';

/** What binds a C++ function to JavaScript: converts what it gets, calls it, frees what was converted, converts what it returns. */
const invoker = `
var invokerFn = function (...given) {
  var destructors = needsDestructorStack ? [] : null;
  var wired = isClassMethodFunc ? [argTypes[1]['toWireType'](destructors, this)] : [];
  var first = wired.length;
  for (var i = 2; i < argCount; ++i) wired.push(argTypes[i]['toWireType'](destructors, given[i - 2]));
  var rv = cppInvokerFunc(cppTargetFunc, ...wired);
  if (needsDestructorStack) runDestructors(destructors);
  else for (var i = isClassMethodFunc ? 1 : 2; i < argCount; ++i)
    if (argTypes[i].destructorFunction !== null) argTypes[i].destructorFunction(wired[i === 1 ? 0 : i - 2 + first]);
  if (returns) return argTypes[0]['fromWireType'](rv);
};
`;

/** What lets C++ call JavaScript. */
const methodCaller = `
var invokerFunction = function (obj, func, destructorsRef, args) {
  var offset = 0;
  var read = types.map((type) => {
    var value = type.readValueFromPointer(args + offset);
    offset += type.argPackAdvance;
    return value;
  });
  var rv = kind === 1 ? Reflect.construct(func, read) : kind === 0 ? func.call(obj, ...read) : func.call(...read);
  if (!retType.isVoid) return emval_returnValue(retType, destructorsRef, rv);
};
`;

const replacements = [
  {
    from: 'let[args,invokerFnBody]=createJsInvoker(argTypes,isClassMethodFunc,returns,isAsync);args.push(invokerFnBody);',
    to: '',
  },
  { from: 'var invokerFn=newFunc(Function,args)(...closureArgs);', to: invoker },
  { from: 'params.push(functionBody);var invokerFunction=newFunc(Function,params)(...args);', to: methodCaller },
];

/**
 * @param source of `@opencvjs/web` 4.13
 * @throws Error if it is another version, which has other places
 */
export function strictOpenCv(source: string): string {
  return replacements.reduce((text, { from, to }) => {
    const parts = text.split(from);
    if (parts.length !== 2)
      throw new Error(`OpenCV.js has "${from.slice(0, 60)}" ${parts.length - 1} times: it is not the version that is patched`);
    return parts.join(to);
  }, source);
}

/** Has the build patch OpenCV.js. */
export const strictOpenCvPlugin = (): Plugin => ({
  name: 'strict-opencv',
  transform: {
    filter: { id: /@opencvjs[\\/]web[\\/]lib[\\/]opencv_js\.js$/ },
    handler: (source) => ({ code: strictOpenCv(source), map: null }),
  },
});
