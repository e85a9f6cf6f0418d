/** What the rules of `test/architecture.test.ts` ask about a file, read from its syntax tree. */
// The compiler's own parser. Its name says that it may change: the lock file holds the version, and only this file knows it.
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isExportDeclaration,
  isIdentifier,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isNamedExports,
  isNamedImports,
  isPropertyAccessExpression,
  isStringLiteral,
} from 'typescript/unstable/ast/is';
import type { FileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export type Import = { readonly specifier: string; readonly line: number; readonly isType: boolean };
export type Place = { readonly line: number; readonly text: string };

export type Syntax = {
  readonly path: string;
  readonly text: string;
  /** Imports, re-exports, `import('…')` and the type of the same form. */
  readonly imports: readonly Import[];
  /** Functions of every form with a body; what is written inside counts for the outer one too. */
  readonly functions: readonly { readonly line: number; readonly length: number }[];
  readonly anyTypes: readonly Place[];
  readonly defaultExports: readonly Place[];
  /** Properties of `process` and `console`, for example `process.argv`. */
  readonly globals: readonly Place[];
  /** Whether nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
};

const FUNCTIONS = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.Constructor,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);
const TYPE_STATEMENTS = new Set([SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration]);

/** What the compiler reads; it reaches nothing else. */
const texts = new Map<string, string>();
let compiler: API | undefined;
let lastFolder = 0;

/** Reads all files in one go; `files` maps paths with slashes to texts. Takes 10 ms, and for the whole repository 0.4 s. */
export function readSyntax(files: Readonly<Record<string, string>>): Syntax[] {
  const paths = Object.keys(files);
  const folder = `/${++lastFolder}`;
  const compilerOptions = { noLib: true, noResolve: true, types: [] };
  const project = `${folder}/tsconfig.json`;
  texts.set(project, JSON.stringify({ compilerOptions, files: paths }));
  for (const path of paths) texts.set(`${folder}/${path}`, files[path] ?? '');
  // One for all, which ends with this process: closed earlier, it complains about being cancelled.
  compiler ??= new API({ cwd: '/', fs: IN_MEMORY });
  const snapshot = compiler.updateSnapshot({ openProjects: [project] });
  return paths.map((path) => {
    const file = snapshot.getProject(project)?.program.getSourceFile(`${folder}/${path}`);
    if (file === undefined) throw new Error(`${path}: the compiler did not read it`);
    return syntaxOf(path, file);
  });
}

const IN_MEMORY: FileSystem = {
  readFile: (path) => texts.get(path) ?? null,
  fileExists: (path) => texts.has(path),
  directoryExists: () => true,
  getAccessibleEntries: () => ({ files: [], directories: [] }),
  realpath: (path) => path,
};

function syntaxOf(path: string, file: SourceFile): Syntax {
  const nodes = [...descendants(file)];
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const placeOf = (node: Node): Place => ({
    line: lineOf(node.getStart(file)),
    text: file.text.slice(node.getStart(file), node.end),
  });
  return {
    path,
    text: file.text,
    imports: nodes.flatMap((node) => {
      const found = importOf(node);
      return found === undefined ? [] : [{ ...found, line: lineOf(node.getStart(file)) }];
    }),
    functions: nodes
      .filter(({ kind }) => FUNCTIONS.has(kind))
      .map((node) => {
        const line = lineOf(node.getStart(file));
        return { line, length: lineOf(node.end) - line + 1 };
      }),
    anyTypes: nodes.filter(({ kind }) => kind === SyntaxKind.AnyKeyword).map((node) => placeOf(node.parent)),
    defaultExports: nodes.filter(isDefaultExport).map(placeOf),
    globals: nodes.filter(isGlobalUse).map(placeOf),
    isTypeOnly: file.statements.every(isErased),
  };
}

function* descendants(node: Node): Generator<Node> {
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
  });
  for (const child of children) {
    yield child;
    yield* descendants(child);
  }
}

function importOf(node: Node): Pick<Import, 'specifier' | 'isType'> | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) {
    const { moduleSpecifier } = node;
    if (moduleSpecifier === undefined || !isStringLiteral(moduleSpecifier)) return undefined;
    return { specifier: moduleSpecifier.text, isType: isErased(node) };
  }
  if (isImportTypeNode(node)) {
    const { argument } = node;
    if (!isLiteralTypeNode(argument) || !isStringLiteral(argument.literal)) return undefined;
    return { specifier: argument.literal.text, isType: true };
  }
  if (!isCallExpression(node) || node.expression.kind !== SyntaxKind.ImportKeyword) return undefined;
  const argument = node.arguments[0];
  return argument !== undefined && isStringLiteral(argument) ? { specifier: argument.text, isType: false } : undefined;
}

function isGlobalUse(node: Node): boolean {
  if (!isPropertyAccessExpression(node) || !isIdentifier(node.expression)) return false;
  return node.expression.text === 'process' || node.expression.text === 'console';
}

function isDefaultExport({ kind, parent }: Node): boolean {
  if (kind === SyntaxKind.ExportAssignment) return true;
  return kind === SyntaxKind.DefaultKeyword && parent.kind !== SyntaxKind.DefaultClause;
}

/** Whether the statement is gone after types are stripped: types, and imports or exports of nothing but types. */
function isErased(node: Node): boolean {
  if (TYPE_STATEMENTS.has(node.kind)) return true;
  if (isExportDeclaration(node)) {
    const { exportClause } = node;
    if (node.isTypeOnly) return true;
    return (
      exportClause !== undefined && isNamedExports(exportClause) && exportClause.elements.every((one) => one.isTypeOnly)
    );
  }
  if (!isImportDeclaration(node) || node.importClause === undefined) return false;
  const { name, namedBindings, phaseModifier } = node.importClause;
  if (phaseModifier === SyntaxKind.TypeKeyword) return true;
  if (name !== undefined || namedBindings === undefined || !isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every((one) => one.isTypeOnly);
}
