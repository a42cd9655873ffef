// The machines' drawings, made once for each definition; laid out by a worker.

import elkModule from 'elkjs/lib/elk-api.js';
import type { ELK as Elk, ELKConstructorArguments } from 'elkjs/lib/elk-api.js';
import { drawDiagram } from '../../inspect/draw-diagram.js';
import { placeGraph } from '../../inspect/place-graph.js';
import type { MachineDefinition } from '../../ipc/protocol.js';

export interface Drawings {
  /** Null: it is being drawn, and `onDrawn` will be called. */
  find(definition: MachineDefinition): SVGSVGElement | null;
}

export const createDrawings = (onDrawn: () => void): Drawings => {
  const elk = createElk({ workerFactory: () => new Worker('/layout-worker.js') });
  const drawings = new Map<MachineDefinition, SVGSVGElement | null>();

  const draw = async (definition: MachineDefinition): Promise<void> => {
    const layout = await placeGraph(elk, definition);
    const svg = drawDiagram(layout, { title: `State machine ${definition.machine}`, style: null });
    // Parsed as XML, and so without effect: names in a recording are somebody else's.
    const { documentElement } = new DOMParser().parseFromString(svg, 'image/svg+xml');
    const drawing = document.adoptNode(documentElement) as unknown as SVGSVGElement;
    drawing.style.setProperty('--drawn-width', `${layout.width}px`);
    drawings.set(definition, drawing);
    onDrawn();
  };

  return {
    find: (definition) => {
      const known = drawings.get(definition);
      if (known !== undefined) return known;
      drawings.set(definition, null);
      void draw(definition);
      return null;
    },
  };
};

/** A CommonJS module, whose class is the module itself in the bundle; TypeScript knows it by its ES module face. */
const createElk = (options: ELKConstructorArguments): Elk =>
  new (elkModule as unknown as new (options: ELKConstructorArguments) => Elk)(options);
