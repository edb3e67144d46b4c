/** Names of files that are taken for images. */
export const imagePattern = /\.(png|jpe?g|webp|bmp|tiff?)$/i;
