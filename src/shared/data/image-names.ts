/** Names of files that are taken for masks: what is read, and what can be converted. */
export const maskPattern = /\.(png|jpe?g|webp|tiff?|bmp)$/i;
/** Names of files that are taken for images: what libvips decodes. */
export const imagePattern = /\.(png|jpe?g|webp|tiff?)$/i;
