package golden;

import dev.anysync.AnySynced;
import java.io.IOException;
import java.net.http.HttpClient;

@AnySynced(of = HttpClient.class)
@AnySynced.Throws(IOException.class)
interface Http {}
