/** Names of files that are taken for images: what libvips decodes. */
export const imagePattern = /\.(png|jpe?g|webp|tiff?)$/i;
